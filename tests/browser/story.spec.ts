// The main job, end to end: an answer at the door reaches a dispatcher's screen and is followed to its end,
// also when the server dies in the middle of it.
import { expect, type Locator, type Page, test } from '@playwright/test';
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
  await handOver(tablet);
  await answerPhq9(tablet, (item) => (item === 3 ? picture(tablet, 'tablet-run') : Promise.resolve()));

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
  await expect(tablet.locator('.fd-next')).toContainText('确认，正在处理');

  // followed to the end without a mouse: a note, then the outcome and why
  const record = board.getByRole('list', { name: '记录' });
  await board.keyboard.press('n');
  await board.keyboard.type('网格员陪着，家属已到，药已收走');
  await board.keyboard.press('Control+Enter');
  await expect(record).toContainText('药已收走');
  await board.keyboard.press('Escape');
  await board.keyboard.press('x');
  await expect(board.getByRole('button', { name: '已得到帮助' })).toBeFocused();
  await board.keyboard.press('Enter');
  await tabTo(board, board.locator('#close-reason'));
  await board.keyboard.type('已送市一院，家属陪同');
  await tabTo(board, board.getByRole('button', { name: '关闭警报', exact: true }));
  await board.keyboard.press('Enter');
  await board.keyboard.press('Enter');
  await expect(board.locator('.wp-lease').first()).toContainText('已送市一院');
  await expect(row).toHaveCount(0);
  await expect(tablet.locator('.fd-alarm-title')).toContainText('调度台结束了这次警报');

  // the record has every step in its order, also those from before the server died
  const steps = ['报警', '通知', '已显示在屏幕上', '接手', '确认', '药已收走', '关闭：已得到帮助'];
  const lines = await record.getByRole('listitem').allTextContents();
  const places = steps.map((step) => lines.findIndex((line) => line.includes(step)));
  expect([places, lines]).toEqual([[...places].sort((a, b) => a - b), lines]);
  expect([Math.min(...places), lines]).toEqual([0, lines]);

  // closing the alarm closes nothing else: the queue item lives on, with an owner and a deadline
  await board.keyboard.press('Escape');
  await board.keyboard.press('t');
  const item = board.locator('.tq-row').filter({ hasText: '危急' }).first();
  await expect(item.locator('.tq-owner')).not.toHaveClass(/danger-text/);
  await expect(item.locator('.tq-due')).not.toBeEmpty();
  await item.click();
  await board.waitForTimeout(500);
  await picture(board, 'triage');
});

test('what a worker sees of the danger without a network rings as loud once it is back', async ({ browser }) => {
  const board = await person(browser, server, 'dispatcher', DESK);
  await board.waitForSelector('.bd');
  const tablet = await person(browser, server, 'worker', TABLET);
  await tablet.waitForSelector('.fd-person');
  await handOver(tablet);
  await tablet.context().setOffline(true);
  await answerPhq9(tablet);
  // intent without a plan: a P2, until the worker has looked around
  for (const option of [0, 0, 0, 0, 1]) await answer(tablet, option);
  await tablet.click('.fd-opt >> nth=1');
  await tablet.click('.fd-go .btn >> nth=1');
  await tablet.waitForSelector('.fd-thanks');
  await holdOneSecond(tablet, '.fd-takeback');
  await expect(tablet.locator('.fd-alarm')).toContainText('P2');
  await tablet.getByRole('group', { name: /身边有能用的东西/ }).getByRole('button').first().click();
  await expect(tablet.locator('.fd-alarm')).toContainText('P1');
  const row = board.locator('.al').filter({ hasText: '第 3 网格' }).filter({ hasText: 'P1' });
  await expect(row).toHaveCount(0);

  await tablet.context().setOffline(false);

  await expect(row.first()).toBeVisible({ timeout: 10_000 });
  await expect(row).toHaveCount(1);
  await expect(tablet.locator('.fd-alarm')).toContainText('已发出', { timeout: 10_000 });
});

/** From the list to the first question, in the hands of the person. */
async function handOver(tablet: Page): Promise<void> {
  await tablet.locator('.fd-start').first().click();
  await tablet.waitForSelector('.fd-consent');
  await tablet.click('.fd-go .btn >> nth=1');
  await tablet.waitForSelector('.fd-hand');
  await tablet.click('.fd-go .btn >> nth=1');
  await tablet.waitForSelector('.fd-q');
}

/** Several days of everything; of item 9 more than half the days. */
async function answerPhq9(tablet: Page, before: (item: number) => Promise<void> = async () => {}): Promise<void> {
  for (let item = 1; item <= 8; item++) {
    await before(item);
    await answer(tablet, 1);
  }
  await answer(tablet, 2);
  await tablet.waitForTimeout(300);
  if ((await tablet.locator('.fd-q').count()) > 0 && (await isFunctionItem(tablet))) await answer(tablet, 1);
}

/** On with the keyboard until this has the focus. */
async function tabTo(page: Page, goal: Locator): Promise<void> {
  for (let presses = 0; presses < 30; presses++) {
    if (await goal.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  await expect(goal).toBeFocused();
}

/** PHQ-9 ends with a question about daily life that is not scored. */
async function isFunctionItem(page: Page): Promise<boolean> {
  return (await page.locator('.fd-opt').count()) === 4;
}
