// What might be said next, and what of a long thread a model was sent.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import type { Message, Thread, ThreadPage } from '../../src/lib/api/chat-types';
import { withLab } from './lab';
import { expect, expectNoSidewaysScroll, shiftOf, test, watchShift, themes } from './studio';

test.use({ name: 'chat-next' });
test.describe.configure({ mode: 'serial' });

withLab();

const NEXT = 'Why is it lit? [answer Why is it lit?\nWho lights it?\nHow far does it reach?]';
const box = (page: Page) => page.getByRole('textbox', { name: 'Message', exact: true });
const articles = (page: Page) => page.getByRole('region', { name: 'Messages' }).getByRole('article');
const next = (page: Page) => page.getByRole('group', { name: 'What you might say next' });
const newThread = async (page: Page): Promise<string> => ((await (await page.request.post('/api/threads', { data: { model: 'lab/double' } })).json()) as Thread).id;
const read = async (page: Page, thread: string): Promise<ThreadPage> => (await page.request.get(`/api/threads/${thread}`)).json() as Promise<ThreadPage>;
async function say(page: Page, thread: string, text: string): Promise<Message> {
  expect((await page.request.post(`/api/threads/${thread}/messages`, { data: { parts: [{ type: 'text', text }] } })).ok()).toBe(true);
  await expect.poll(async () => (await read(page, thread)).thread.state).toBe('idle');
  return (await read(page, thread)).messages.at(-1)!;
}
async function keepsRules(page: Page, where: string): Promise<void> {
  await expectNoSidewaysScroll(page);
  await page.screenshot({ path: test.info().outputPath(`${where}-${page.viewportSize()!.width}.png`) });
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
  expect(violations.map(({ id, nodes }) => `${where}: ${id}: ${nodes.map((node) => node.target.join(' ')).join(' | ')}`)).toEqual([]);
}

test('where no model is to be asked, nothing is offered and nothing is said about it', async ({ page }) => {
  const id = await newThread(page);
  await say(page, id, NEXT);
  const asked = page.waitForResponse('**/messages/2/suggestions');
  await page.goto(`/c/${id}`);
  expect(await (await asked).json()).toEqual({ suggestions: [] });
  await expect(next(page)).toHaveCount(0);
  await page.route('**/suggestions', (route) => route.fulfill({ status: 409, json: { code: 'suggestions_being_made', title: 'Not now' } }));
  const refused = page.waitForResponse('**/messages/2/suggestions');
  await page.reload();
  await refused;
  await expect(next(page)).toHaveCount(0);
  await expect(page.getByText('Not now')).toHaveCount(0);
});

test('what might be said next is a press away, comes when the answer is seen, and moves nothing', async ({ page }) => {
  expect((await page.request.post('/api/routes', { data: { name: 'suggestions', targets: [{ provider: 'lab', model: 'double-mini' }] } })).ok()).toBe(true);
  await watchShift(page);
  const id = await newThread(page);
  let asked = 0;
  page.on('request', (request) => void (request.url().endsWith('/suggestions') && (asked += 1)));
  await page.goto(`/c/${id}`);
  await box(page).fill(NEXT);
  await box(page).press('Enter');
  await expect(next(page).getByRole('button')).toHaveText(['Why is it lit?', 'Who lights it?', 'How far does it reach?']);
  expect(asked, 'once, and not while it was answered').toBe(1);
  expect((await shiftOf(page)).filter((shift) => Number.parseFloat(shift) > 0.01)).toEqual([]);
  await page.reload();
  await expect(next(page).getByRole('button')).toHaveCount(3);
  expect(asked, 'it is kept with the answer').toBe(1);
  await box(page).fill('what I am writing');
  await next(page).getByRole('button', { name: 'Who lights it?' }).click();
  await expect(articles(page)).toHaveCount(4);
  await expect(articles(page).nth(2)).toContainText('Who lights it?');
  await expect(box(page), 'what is being written stays').toHaveValue('what I am writing');
});

test('it is not asked for an answer that is not in sight', async ({ page }) => {
  const id = await newThread(page);
  const messages = Array.from({ length: 30 }, (_, at) => ({ number: at + 1, parent: at, role: at % 2 === 0 ? 'user' : 'assistant', parts: [{ type: 'text', text: `Words ${at + 1}. ${'And on. '.repeat(200)}` }] }));
  expect((await page.request.put(`/api/threads/${id}/messages`, { data: { messages } })).ok()).toBe(true);
  let asked = 0;
  page.on('request', (request) => void (request.url().endsWith('/suggestions') && (asked += 1)));
  await page.goto(`/c/${id}#3`);
  await expect(page.locator('#m3')).toBeInViewport();
  await page.getByRole('button', { name: 'Newest' }).waitFor();
  await expect(page.locator('#m30')).toHaveCount(0);
  const before = asked;
  const wanted = page.waitForRequest('**/messages/30/suggestions');
  await page.getByRole('button', { name: 'Newest' }).click();
  await wanted;
  expect([before <= 1, asked - before]).toEqual([true, 1]);
});

test('an answer tells what of the thread its model was sent', async ({ page }) => {
  const id = await newThread(page);
  const short = await say(page, id, 'all of it');
  expect(short.context).toBeUndefined();
  await page.goto(`/c/${id}`);
  await articles(page).last().getByRole('button', { name: 'What it took' }).click();
  await expect(articles(page).last()).toContainText('The model was sent all of this branch.');
  // A model whose window is not known takes some 28,000 tokens.
  const long = await newThread(page);
  const messages = Array.from({ length: 14 }, (_, at) => ({ number: at + 1, parent: at, role: at % 2 === 0 ? 'user' : 'assistant', parts: [{ type: 'text', text: `turn ${at + 1} ${'x'.repeat(12_000)}` }] }));
  expect((await page.request.put(`/api/threads/${long}/messages`, { data: { messages } })).ok()).toBe(true);
  const answer = await say(page, long, 'and now?');
  const { from } = answer.context!;
  expect(from).toBeGreaterThan(1);
  await page.goto(`/c/${long}`);
  await articles(page).last().getByRole('button', { name: 'What it took' }).click();
  await expect(articles(page).last()).toContainText(`${from - 1} messages before that were left out.`);
  await keepsRules(page, 'context');
  await articles(page).last().getByRole('link', { name: `message ${from}` }).click();
  await expect(page.locator(`#m${from}`)).toBeInViewport();
  await expect(page).toHaveURL(new RegExp(`#${from}$`));
});

for (const colorScheme of themes) {
  test(`a summary that stood before is read where it was used, ${colorScheme}`, async ({ browser, page: first, studio }) => {
    const id = ((await (await first.request.post('/api/threads', { data: { model: 'lab/double', parameters: { summarise_with: 'lab/double-mini' } } })).json()) as Thread).id;
    const turn = (number: number, words = '') => ({ number, parent: number - 1, role: number % 2 === 1 ? 'user' : 'assistant', parts: [{ type: 'text', text: `turn ${number} ${words} ${'x'.repeat(12_000)}` }] });
    const put = async (messages: object[]): Promise<void> => expect((await first.request.put(`/api/threads/${id}/messages`, { data: { messages } })).ok()).toBe(true);
    await put(Array.from({ length: 8 }, (_, at) => turn(at + 1, at === 0 ? '[answer In short: the lamp is lit.]' : '')));
    await say(first, id, 'how far is it?');
    await expect.poll(async () => ((await (await first.request.get(`/api/threads/${id}/summaries`)).json()) as { items: unknown[] }).items.length, { timeout: 20_000 }).toBeGreaterThan(0);
    await put(Array.from({ length: 4 }, (_, at) => turn(at + 11)));
    const answer = await say(first, id, 'and now? [answer Still so.\nWhy?\nHow?]');
    expect(answer.context?.summarised_upto).toBeGreaterThan(0);
    for (const device of [{ viewport: { width: 1280, height: 800 } }, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }]) {
      const context = await browser.newContext({ baseURL: studio.url, colorScheme, reducedMotion: 'reduce', ...device });
      const page = await context.newPage();
      await page.goto(`/c/${id}`);
      const last = articles(page).last();
      await last.getByRole('button', { name: 'What it took' }).click();
      await expect(last).toContainText('Before that stood a summary, up to');
      await last.getByText('Show the summary').click();
      await expect(last).toContainText('In short: the lamp is lit.');
      await expect(last).toContainText('Made by lab/double-mini');
      await expect(next(page)).toBeVisible();
      await keepsRules(page, 'summary');
      await context.close();
    }
  });
}
