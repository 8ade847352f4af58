// Somebody in front of a screen.
import { type Browser, type BrowserContext, expect, type Page } from '@playwright/test';
import type { Server } from './server';

export type Look = { width: number; height: number; theme?: 'light' | 'dark' };

export async function person(browser: Browser, server: Server, login: string, look: Look): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: look.width, height: look.height },
    colorScheme: look.theme ?? 'light',
  });
  await remember(context, look.theme ?? 'light');
  const page = await context.newPage();
  page.on('request', (request) => {
    const origin = new URL(request.url()).origin;
    if (!['null', server.url].includes(origin)) throw new Error(`a request to another origin: ${origin}`);
  });
  await page.goto(`${server.url}/`);
  await page.fill('input[name=login]', login);
  await page.fill('input[name=password]', server.password(login));
  await page.click('button[type=submit]');
  await page.waitForURL((url) => url.pathname !== '/');
  return page;
}

async function remember(context: BrowserContext, theme: string): Promise<void> {
  await context.addInitScript((chosen) => {
    localStorage.setItem('xindeng.theme', chosen);
    localStorage.setItem('xindeng.language', 'zh-CN');
  }, theme);
}

/** One question a screen: the option from the top, then on. */
export async function answer(page: Page, option: number): Promise<void> {
  const question = await page.textContent('.fd-q');
  await page.click(`.fd-opt >> nth=${option}`);
  await page.click('.fd-go .btn >> nth=1');
  await expect(page.locator('.fd-q').filter({ hasText: question ?? '' })).toHaveCount(0);
}

export async function holdOneSecond(page: Page, selector: string): Promise<void> {
  const button = page.locator(selector);
  await button.scrollIntoViewIfNeeded();
  await button.hover();
  await page.mouse.down();
  await page.waitForTimeout(1300);
  await page.mouse.up();
}
