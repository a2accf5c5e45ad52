// The chat room without a network: what is written is kept and sent once, what was open can be read.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import type { Thread, ThreadPage } from '../../src/lib/api/chat-types';
import { withLab } from './lab';
import { expect, expectNoSidewaysScroll, test, themes } from './studio';

test.use({ name: 'offline', serviceWorkers: 'allow' });
test.describe.configure({ mode: 'serial' });

withLab();

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
  // Not unrouted later: that would let go what is held up, beside the reload.
  let isSilent = true;
  await page.route('**/api/threads', (route) => (isSilent && route.request().method() === 'POST' ? new Promise<void>(() => {}) : route.fallback()));
  await send(page, '[answer Here.]');
  await expect(articles(page).first()).toContainText('[answer Here.]');
  await expect(articles(page).first()).toContainText('Not saved yet, retrying', { timeout: 8000 });
  await page.reload();
  await expect(articles(page).first()).toContainText('[answer Here.]');
  isSilent = false;
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

// The thread and the list are in the browser, and the worker holds the page.
async function keptWhole(page: Page, id: string, words = ''): Promise<void> {
  await settled(page);
  await expect.poll(() => page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true);
  const kept = (key: string): Promise<string> =>
    page.evaluate(
      (name) =>
        new Promise<string>((resolve, reject) => {
          const opened = indexedDB.open('atelier');
          opened.onerror = () => reject(opened.error);
          opened.onsuccess = () => {
            const row = opened.result.transaction('threads').objectStore('threads').get(name);
            row.onsuccess = () => (opened.result.close(), resolve(JSON.stringify(row.result ?? null)));
          };
        }),
      key,
    );
  await expect.poll(() => kept(id)).toContain(words === '' ? id : `"text":"${words}"`);
  await expect.poll(() => kept(' list')).toContain(words === '' ? id : words);
}

test('without a network the room opens, with what was read last, and says from when it is', async ({ page, context }) => {
  const id = await newThread(page);
  await page.goto(`/c/${id}`);
  await send(page, '[answer A light on the coast.]');
  await expect(articles(page).last().getByRole('button', { name: 'Copy', exact: true })).toBeVisible();
  await keptWhole(page, id, 'A light on the coast.');
  await context.setOffline(true);
  await page.goto(`/c/${id}`);
  await expect(articles(page).last()).toContainText('A light on the coast.');
  await expect(page.getByRole('region', { name: 'Messages' }).getByRole('note')).toContainText('Offline: as of');
  const list = page.getByRole('navigation', { name: 'Threads' });
  await expect(list.getByRole('note')).toContainText('Offline: as of');
  await expect(list.getByRole('link', { name: /A light on the coast/ })).toHaveAttribute('aria-current', 'page');
  await page.screenshot({ path: test.info().outputPath('offline.png') });
  await send(page, '[answer Written on the train.]');
  await expect(articles(page).last()).toContainText('waiting for the network');
  await page.reload();
  await expect(articles(page).last()).toContainText('waiting for the network');
  await expect(articles(page)).toHaveCount(3);
  await context.setOffline(false);
  await expect(articles(page)).toHaveCount(4);
  await expect(articles(page).last()).toContainText('Written on the train.');
  await expect(page.getByRole('note')).toHaveCount(0);
  expect(await saidBy(page, id)).toEqual(['[answer A light on the coast.]', '[answer Written on the train.]']);
});

test('who signs out leaves nothing behind', async ({ page }) => {
  const id = await newThread(page);
  const session = { authenticated: true, role: 'owner', needs_key: true, csrf: '' };
  await page.route('**/api/session', (route) => (route.request().method() === 'DELETE' ? route.fulfill({ status: 204 }) : route.fulfill({ json: session })));
  await page.goto(`/c/${id}`);
  await keptWhole(page, id);
  await page.route('**/messages', (route) => (route.request().method() === 'POST' ? route.abort('connectionfailed') : route.fallback()));
  await send(page, 'Between us.');
  await expect(articles(page).last()).toContainText('Not saved yet');
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  const rows = (): Promise<number> =>
    page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          const opened = indexedDB.open('atelier');
          opened.onsuccess = () => {
            const of = opened.result.transaction(['threads', 'journal']);
            const [threads, journal] = [of.objectStore('threads').count(), of.objectStore('journal').count()];
            of.oncomplete = () => (opened.result.close(), resolve(threads.result + journal.result));
          };
        }),
    );
  await expect.poll(rows).toBe(0);
  expect(await page.evaluate(() => localStorage.getItem('atelier.session'))).toBeNull();
});

// The studio behind an address that stays while its page becomes another, or is gone.
async function versions(studio: string): Promise<{ url: string; become: (version: number) => void; close: () => Promise<void> }> {
  let version = 1;
  const server = createServer((request, answer) => {
    const left = new AbortController();
    answer.on('close', () => left.abort());
    const pass = async (): Promise<void> => {
      const got = await fetch(studio + request.url, { headers: { accept: request.headers.accept ?? '' }, signal: left.signal });
      let body = await got.text();
      const type = got.headers.get('content-type') ?? '';
      if (type.startsWith('text/html')) body = body.replace('<head>', `<head><meta name="version" content="${version}">`);
      if (request.url === '/sw.js') body = body.replace("'shell-", `'shell-${version}-`);
      answer.writeHead(got.status, { 'content-type': type, 'cache-control': got.headers.get('cache-control') ?? '' }).end(body);
    };
    pass().catch(() => answer.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): Promise<void> => new Promise((resolve) => (server.closeAllConnections(), server.close(() => resolve())));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, become: (next) => (version = next), close };
}

test('a new version of the page takes the place of the one before at the next load', async ({ browser, studio, console: errors }) => {
  const house = await versions(studio.url);
  const context = await browser.newContext({ baseURL: house.url });
  const page = await context.newPage();
  const version = (): Promise<string | null> => page.locator('meta[name=version]').getAttribute('content');
  const shells = (): Promise<string[]> => page.evaluate(() => caches.keys());
  await page.goto('/c');
  await expect.poll(() => page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true);
  expect([await version(), (await shells())[0]]).toEqual(['1', expect.stringMatching(/^shell-1-/)]);
  house.become(2);
  await page.goto('/c');
  expect(await version(), 'at once').toBe('2');
  await expect.poll(shells, 'and the files of the one before are gone').toEqual([expect.stringMatching(/^shell-2-/)]);
  await house.close();
  await page.goto('/c');
  expect(await version(), 'also without the server').toBe('2');
  // Nothing that the API said is kept with them.
  expect(await page.evaluate(async () => (await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname)))).flat().filter((path) => path.startsWith('/api') || path.startsWith('/v1')))).toEqual([]);
  errors.splice(0);
  await context.close();
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

for (const colorScheme of themes) {
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
