// The main job, end to end: an answer at the door reaches a dispatcher's screen and is followed to its end,
// also when the server dies in the middle of it.
import { expect, type Page, test } from '@playwright/test';
import { answer, holdOneSecond, person } from './people';
import { Server } from './server';

const TABLET = { width: 800, height: 1280 };
const DESK = { width: 1920, height: 1080 };
const LAPTOP_DARK = { width: 1366, height: 768, theme: 'dark' as const };

// With a folder in PICTURES the pictures of the documentation are taken on the way.
async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.PICTURES;
  if (folder) await page.screenshot({ path: `${folder}/${name}.png` });
}

let server: Server;
test.beforeAll(async () => {
  server = await Server.start();
});
test.afterAll(async () => {
  await server.stop();
});

test('an answer at the door reaches a dispatcher and is followed to its end', async ({ browser }) => {
  const outside = await browser.newPage({ viewport: TABLET });
  await outside.goto(`${server.url}/`);
  await outside.waitForSelector('input[name=login]');
  await picture(outside, 'sign-in');
  await outside.close();

  const board = await person(browser, server, 'dispatcher', DESK);
  await board.waitForSelector('.bd');
  const lead = await person(browser, server, 'lead', LAPTOP_DARK);
  await lead.waitForSelector('.bd');

  const tablet = await person(browser, server, 'worker', TABLET);
  await tablet.waitForSelector('.fd-person');
  await picture(tablet, 'tablet-list');
  await tablet.locator('.fd-start').first().click();
  await tablet.waitForSelector('.fd-consent');
  await tablet.click('.fd-go .btn >> nth=1');
  await tablet.waitForSelector('.fd-hand');
  await tablet.click('.fd-go .btn >> nth=1');
  await tablet.waitForSelector('.fd-q');
  for (let item = 1; item <= 8; item++) {
    if (item === 3) await picture(tablet, 'tablet-run');
    await answer(tablet, 1);
  }
  await answer(tablet, 2); // item 9: more than half the days
  await tablet.waitForTimeout(300);
  if ((await tablet.locator('.fd-q').count()) > 0 && (await isFunctionItem(tablet))) await answer(tablet, 1);

  // the second look starts on the spot; its first option is yes
  for (let item = 1; item <= 5; item++) await answer(tablet, 0);
  const before = Date.now();
  await tablet.click('.fd-opt >> nth=1');
  await tablet.click('.fd-go .btn >> nth=1');
  // the demo city has a P1 of its own: this one is known by its place
  const row = board.getByRole('article').or(board.locator('.al')).filter({ hasText: '第 3 网格' }).filter({ hasText: 'P1' });
  await expect(row.first()).toBeVisible();
  console.log(`from the last answer to a red row: ${Date.now() - before} ms`);

  // the person hands the tablet back; the worker sees at once what to do
  await tablet.waitForSelector('.fd-thanks');
  await holdOneSecond(tablet, '.fd-takeback');
  await tablet.waitForSelector('.fd-now');
  await tablet.waitForTimeout(2500);
  await picture(tablet, 'tablet-crisis');
  await picture(board, 'board-light');

  // nobody takes it: after the policy's seconds the duty lead is called
  const called = lead.locator('.al').filter({ hasText: '第 3 网格' }).filter({ hasText: 'P1' });
  await expect(called.first()).toContainText('已升级', { timeout: 40_000 });
  await expect(lead.getByText('叫您').first()).toBeVisible();
  await picture(lead, 'board-dark');

  await row.first().locator('.take').click();
  await expect(row.first()).toContainText('已接手');

  // the server dies in the middle of all this
  await server.kill();
  await server.run();
  await board.waitForTimeout(4000);

  await row.first().click();
  await board.keyboard.press('a');
  await expect(row.first()).toContainText('已确认');
  await expect(row).toHaveCount(1);
  await picture(board, 'alarm');

  // the queue item lives on, with an owner and a deadline
  await board.getByText('分诊待办').first().click();
  await board.waitForTimeout(500);
  await picture(board, 'triage');
});

/** PHQ-9 ends with a question about daily life that is not scored. */
async function isFunctionItem(page: Page): Promise<boolean> {
  return (await page.locator('.fd-opt').count()) === 4;
}
