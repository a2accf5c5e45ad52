// The chat room without a network: what is written is kept and sent once, what was open can be read.
import type { ChildProcess } from 'node:child_process';
import { dirname, join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import type { Thread, ThreadPage } from '../../src/lib/api/chat-types';
import { expect, expectNoSidewaysScroll, start, stop, test } from './studio';

test.use({ name: 'offline' });
test.describe.configure({ mode: 'serial' });

let double: { child: ChildProcess; url: string };
test.beforeAll(async () => {
  double = await start(process.env.ATELIER_DOUBLE ?? join(dirname(process.env.ATELIER_BIN!), 'provider-double'), ['--port', '0']);
});
test.afterAll(async () => stop(double.child));
test.beforeEach(async ({ page }) => {
  const { items } = (await (await page.request.get('/api/providers')).json()) as { items: { name: string }[] };
  if (items.some(({ name }) => name === 'lab')) return;
  expect((await page.request.post('/api/providers', { data: { name: 'lab', preset: 'openai', base_url: `${double.url}/openai/v1`, key: 'sk-double', is_free: true } })).ok()).toBe(true);
  expect((await page.request.post('/api/providers/lab/check')).ok()).toBe(true);
});

const newThread = async (page: Page): Promise<string> => ((await (await page.request.post('/api/threads', { data: { model: 'lab/double' } })).json()) as Thread).id;
const read = async (page: Page, thread: string): Promise<ThreadPage> => (await page.request.get(`/api/threads/${thread}`)).json() as Promise<ThreadPage>;
const box = (page: Page) => page.getByRole('textbox', { name: 'Message', exact: true });
const articles = (page: Page) => page.getByRole('region', { name: 'Messages' }).getByRole('article');
const saidBy = async (page: Page, thread: string): Promise<string[]> => (await read(page, thread)).messages.filter(({ role }) => role === 'user').map(({ parts }) => (parts[0] as { text: string }).text);
async function send(page: Page, text: string): Promise<void> {
  await box(page).fill(text);
  await box(page).press('Enter');
}
// The page has fetched what it needs when there is no network.
async function settled(page: Page): Promise<void> {
  await expect.poll(() => page.evaluate(async () => (await indexedDB.databases()).some(({ name }) => name === 'atelier'))).toBe(true);
  await expect.poll(() => page.evaluate(() => performance.getEntriesByType('resource').some(({ name }) => /\/views-.*\.js$/.test(name)))).toBe(true);
}

test('what is written without a network is sent once, in order, when it is back, also after a reload', async ({ page, context }) => {
  const id = await newThread(page);
  await page.goto(`/c/${id}`);
  await send(page, '[answer One.]');
  await expect(articles(page).last()).toContainText('One.');
  await settled(page);
  await context.setOffline(true);
  await send(page, '[answer Two.]');
  await expect(articles(page).last()).toContainText('Not saved yet, waiting for the network');
  await expect(box(page)).toHaveValue('');
  await send(page, '[answer Three.]');
  await expect(articles(page)).toHaveCount(4);
  await expect(articles(page).last()).toContainText('goes out after the one before it');
  await send(page, 'Never mind.');
  await articles(page).last().getByRole('button', { name: 'Back into the box' }).click();
  await expect(box(page)).toHaveValue('Never mind.');
  await expect(articles(page)).toHaveCount(4);
  await page.screenshot({ path: test.info().outputPath('unsaved.png') });
  const other = await context.newPage();
  await context.setOffline(false);
  // A second tab of the same browser says the same things, and not once more.
  await other.goto(`/c/${id}`);
  await expect.poll(() => saidBy(page, id)).toEqual(['[answer One.]', '[answer Two.]', '[answer Three.]']);
  for (const tab of [page, other]) {
    await expect(articles(tab)).toHaveCount(6);
    await expect(articles(tab).last()).toContainText('Three.');
    await expect(tab.getByText('Not saved yet')).toHaveCount(0);
  }
  expect((await read(page, id)).messages.map(({ parent }) => parent)).toEqual([0, 1, 2, 3, 4, 5]);
});

test('a new thread begun while the server is silent is there once it answers, whatever is reloaded', async ({ page }) => {
  await page.goto('/c');
  await page.getByRole('combobox', { name: 'Model' }).selectOption('lab/double');
  await settled(page);
  await page.route('**/api/threads', (route) => (route.request().method() === 'POST' ? new Promise<void>(() => {}) : route.fallback()));
  await send(page, '[answer Here.]');
  await expect(articles(page).first()).toContainText('[answer Here.]');
  await expect(articles(page).first()).toContainText('Not saved yet, retrying', { timeout: 8000 });
  await page.reload();
  await expect(articles(page).first()).toContainText('[answer Here.]');
  await page.unroute('**/api/threads');
  const before = page.url();
  await page.reload();
  await expect(page).not.toHaveURL(before);
  await expect(articles(page)).toHaveCount(2);
  await expect(articles(page).last()).toContainText('Here.');
});

test('what the server refuses later stays, and is the person’s to decide about', async ({ page, console: errors }) => {
  const id = await newThread(page);
  await page.goto(`/c/${id}`);
  await settled(page);
  let status = 503;
  const problem = (): string => JSON.stringify({ code: status === 503 ? 'unavailable' : 'quota_exhausted', title: status === 503 ? 'Not now' : 'Nothing is left of this allowance' });
  await page.route('**/messages', (route) => (route.request().method() === 'POST' ? route.fulfill({ status, contentType: 'application/problem+json', body: problem() }) : route.fallback()));
  await send(page, '[answer Late.]');
  await expect(articles(page).last()).toContainText('Not saved yet, retrying');
  status = 403;
  await articles(page).last().getByRole('button', { name: 'Send now' }).click();
  await expect(articles(page).last()).toContainText('It was refused: Nothing is left of this allowance');
  await page.unroute('**/messages');
  await articles(page).last().getByRole('button', { name: 'Send now' }).click();
  await expect(articles(page)).toHaveCount(2);
  await expect(articles(page).last()).toContainText('Late.');
  // Renamed without a network: it has the new name here at once, and everywhere later.
  await page.route(`**/api/threads/${id}`, (route) => (route.request().method() === 'PATCH' ? route.abort('connectionfailed') : route.fallback()));
  const list = page.getByRole('navigation', { name: 'Threads' });
  await list.getByRole('button', { name: 'Actions of [answer Late.]' }).click();
  await page.getByRole('menuitem', { name: 'Rename' }).click();
  await page.keyboard.type('Renamed on the train');
  await page.keyboard.press('Enter');
  const row = list.getByRole('listitem').filter({ hasText: 'Renamed on the train' });
  await expect(row).toContainText('Not saved yet');
  expect((await read(page, id)).thread.title).not.toBe('Renamed on the train');
  await page.unroute(`**/api/threads/${id}`);
  await expect.poll(async () => (await read(page, id)).thread.title).toBe('Renamed on the train');
  await expect(row).not.toContainText('Not saved yet');
  // That one was meant.
  expect(errors.splice(0).filter((text) => !/status of (503|403)|ERR_CONNECTION|net::ERR_FAILED/.test(text))).toEqual([]);
});

test('on an origin that is not secure nothing is lost either', async ({ browser, studio }) => {
  const context = await browser.newContext({ baseURL: studio.url });
  await context.addInitScript(() => {
    Object.defineProperty(globalThis, 'isSecureContext', { value: false });
    Object.defineProperty(crypto, 'randomUUID', { value: undefined });
    Object.defineProperty(navigator, 'locks', { value: undefined });
    Object.defineProperty(navigator, 'serviceWorker', { value: undefined });
  });
  const page = await context.newPage();
  const id = await newThread(page);
  await page.goto(`/c/${id}`);
  await settled(page);
  await context.setOffline(true);
  await send(page, '[answer Plain.]');
  await expect(articles(page).last()).toContainText('waiting for the network');
  const [other] = [await context.newPage(), await context.setOffline(false)];
  await other.goto(`/c/${id}`);
  for (const tab of [page, other]) await expect(articles(tab).last()).toContainText('Plain.');
  expect(await saidBy(page, id)).toEqual(['[answer Plain.]']);
  await context.close();
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`what is not saved keeps the rules of access, ${colorScheme}`, async ({ browser, page: first, studio }) => {
    const id = await newThread(first);
    for (const device of [{ viewport: { width: 1280, height: 800 } }, { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true }]) {
      const context = await browser.newContext({ baseURL: studio.url, colorScheme, reducedMotion: 'reduce', ...device });
      const page = await context.newPage();
      await page.goto(`/c/${id}`);
      await settled(page);
      await context.setOffline(true);
      await send(page, 'A message that waits.');
      await send(page, 'And one behind it.');
      await expect(articles(page).last()).toContainText('goes out after');
      await expectNoSidewaysScroll(page);
      await page.screenshot({ path: test.info().outputPath(`unsaved-${device.viewport.width}.png`) });
      const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
      expect(violations.map(({ id: rule, nodes }) => `${rule}: ${nodes.map((node) => node.target.join(' ')).join(' | ')}`)).toEqual([]);
      for (const _ of [1, 2]) await articles(page).last().getByRole('button', { name: 'Discard' }).click();
      await expect(articles(page)).toHaveCount(0);
      await context.close();
    }
  });
}
