// The chat room, with a provider that is the provider double.
import { readFileSync } from 'node:fs';
import AxeBuilder from '@axe-core/playwright';
import type { APIRequestContext, Page } from '@playwright/test';
import type { Message, SentMessages, Thread, ThreadPage } from '../../src/lib/api/chat-types';
import { withDouble } from './lab';
import { expect, expectNoSidewaysScroll, longestTaskMs, shiftOf, test, watchShift, themes } from './studio';

test.use({ name: 'chat' });
test.describe.configure({ mode: 'serial' });

const SLOW = 'lab/double@token-gap=60';
const STALLED = 'lab/double@stall-mid=60000,at=5';
const double = withDouble();

async function ok<T>(response: Awaited<ReturnType<APIRequestContext['get']>>): Promise<T> {
  expect(response.ok(), await response.text()).toBe(true);
  return (await response.json()) as T;
}
const newThread = async (page: Page, model = 'lab/double'): Promise<string> => (await ok<Thread>(await page.request.post('/api/threads', { data: { model } }))).id;
const say = async (page: Page, thread: string, text: string): Promise<SentMessages> => ok(await page.request.post(`/api/threads/${thread}/messages`, { data: { parts: [{ type: 'text', text }] } }));
const read = async (page: Page, thread: string): Promise<ThreadPage> => ok(await page.request.get(`/api/threads/${thread}`));
const textOf = (message: Message): string => message.parts.map((part) => ('text' in part ? part.text : '')).join('');
async function answered(page: Page, thread: string): Promise<Message> {
  await expect.poll(async () => (await read(page, thread)).thread.state, { timeout: 30_000 }).toBe('idle');
  return (await read(page, thread)).messages.at(-1)!;
}
// A thread of so many messages, said long ago.
async function longThread(page: Page, count: number): Promise<string> {
  const id = await newThread(page);
  const messages = Array.from({ length: count }, (_, at) => ({ number: at + 1, parent: at, role: at % 2 === 0 ? 'user' : 'assistant', parts: [{ type: 'text', text: at % 2 === 0 ? `Question ${at + 1}?` : `Answer ${at + 1}. ${'It goes on for a while. '.repeat(30)}` }] }));
  // As many as one request may bring.
  for (let at = 0; at < count; at += 1000) await ok(await page.request.put(`/api/threads/${id}/messages`, { data: { messages: messages.slice(at, at + 1000) } }));
  return id;
}

const box = (page: Page) => page.getByRole('textbox', { name: 'Message', exact: true });
const articles = (page: Page) => page.getByRole('region', { name: 'Messages' }).getByRole('article');
const lastAnswer = (page: Page) => articles(page).last();
const status = (page: Page, words: string | RegExp) => page.getByRole('status').filter({ hasText: words });
async function send(page: Page, text: string): Promise<void> {
  await box(page).fill(text);
  await box(page).press('Enter');
}
const scrolled = (page: Page) => page.getByRole('region', { name: 'Messages' }).evaluate((view) => ({ top: view.scrollTop, end: view.scrollHeight - view.clientHeight - view.scrollTop, articles: view.querySelectorAll('article').length }));

const unconnected = (page: Page) => page.getByRole('heading', { name: 'No provider is connected yet' });

test('without a provider it says kindly what there is to do', async ({ page }) => {
  await page.goto('/c');
  await expect(unconnected(page)).toBeVisible();
  await ok(await page.request.post('/api/providers', { data: { name: 'lab', preset: 'openai', base_url: `${double.url}/openai/v1`, key: 'sk-double', is_free: true } }));
  await ok(await page.request.post('/api/providers/lab/check'));
  await expect(page.getByRole('combobox', { name: 'Model' }).getByRole('option', { name: /^lab\/double( ·|$)/ })).toHaveCount(1);
  await expect(unconnected(page), 'as soon as there is one, without looking again').toHaveCount(0);
});

test('it does not say that there is no model before it is known', async ({ page }) => {
  let listed_at: string | null = null;
  const lab = { name: 'lab', protocol: 'openai', is_local: false, is_found: false, is_built_in: false, last_error: '' };
  await page.route('**/api/models', (route) => route.fulfill({ json: { items: [], next: '', providers: [{ ...lab, listed_at }] } }));
  const looked = page.waitForResponse('**/api/models');
  await page.goto('/c');
  await looked;
  const none = page.getByRole('heading', { name: 'No model can be asked yet' });
  await expect(box(page)).toBeVisible();
  await expect(none).toHaveCount(0);
  listed_at = new Date().toISOString();
  await expect(none).toBeVisible();
});

test('a message is sent and its answer streams', async ({ page }) => {
  await watchShift(page);
  await page.goto('/activity');
  await page.getByRole('heading', { name: 'Activity', level: 1 }).waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('c');
  await expect(page.getByRole('heading', { name: 'New thread', level: 1 })).toBeFocused();
  await page.getByRole('combobox', { name: 'Model' }).selectOption('lab/double');
  await page.getByRole('button', { name: 'What the model is told' }).click();
  await page.getByRole('textbox', { name: 'Instructions' }).fill('Be brief.');
  await page.getByRole('textbox', { name: 'Temperature' }).fill('0.5');
  await page.getByRole('button', { name: 'Save' }).click();
  await box(page).fill('First line');
  await box(page).press('Shift+Enter');
  await page.keyboard.type('[say 40]');
  await page.keyboard.press('Enter');
  await expect(box(page)).toHaveValue('');
  await expect(box(page)).toBeFocused();
  await expect(page).toHaveURL(/\/c\/[^/]+$/);
  await expect(articles(page).first().getByRole('heading', { name: 'You' })).toBeVisible();
  await expect(articles(page).first()).toContainText('First line');
  await expect(lastAnswer(page)).toContainText('t39 t40');
  await expect(status(page, 'Answer ready, 40 words')).toBeAttached();
  await expect(page.getByRole('navigation', { name: 'Threads' }).getByRole('link', { name: /First line/ })).toHaveAttribute('aria-current', 'page');
  const { thread } = await read(page, page.url().split('/').at(-1)!);
  expect(thread).toMatchObject({ system: 'Be brief.', parameters: { temperature: 0.5 } });
  await lastAnswer(page).getByRole('button', { name: 'What it took' }).click();
  await expect(lastAnswer(page)).toContainText('Answered by');
  await expect(lastAnswer(page)).toContainText('lab/double');
  expect((await shiftOf(page)).filter((shift) => Number.parseFloat(shift) > 0.01)).toEqual([]);
});

test('it is stopped, keeps what was said, and goes on', async ({ page }) => {
  const id = await newThread(page, STALLED);
  await page.goto(`/c/${id}`);
  await send(page, '[say 30]');
  await expect(lastAnswer(page)).toContainText('t1 t2');
  await expect(page.getByRole('button', { name: 'Stop' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(status(page, 'Stopped')).toBeAttached();
  await expect(page.getByRole('button', { name: 'Send' })).toBeVisible();
  await expect(lastAnswer(page)).toContainText('t1 t2');
  const { messages } = await read(page, id);
  expect(messages.at(-1)!.state).toBe('stopped');
  await expect(lastAnswer(page)).toContainText(textOf(messages.at(-1)!));
  await page.request.patch(`/api/threads/${id}`, { data: { model: 'lab/double' } });
  await lastAnswer(page).getByRole('button', { name: 'Continue' }).click();
  await expect.poll(async () => (await read(page, id)).messages.at(-1)!.parts.length).toBeGreaterThan(0);
  await page.getByRole('button', { name: 'Stop' }).click({ timeout: 3000 }).catch(() => {});
  await expect(page.getByRole('button', { name: 'Send' })).toBeVisible();
});

test('a reload in mid-answer picks up where it was, and nothing is missing or twice', async ({ page }) => {
  const id = await newThread(page, SLOW);
  await page.goto(`/c/${id}`);
  await send(page, '[say 80]');
  await expect(lastAnswer(page)).toContainText('t5 ');
  await page.reload();
  await expect(lastAnswer(page)).toContainText('t5 ');
  await expect(page.getByRole('button', { name: 'Stop' })).toBeVisible();
  await expect(lastAnswer(page)).toContainText('t80', { timeout: 20_000 });
  const whole = textOf(await answered(page, id));
  expect(whole).toBe(Array.from({ length: 80 }, (_, at) => `t${at + 1}`).join(' '));
  await expect(lastAnswer(page).locator('.parts')).toHaveText(whole);
});

test('two tabs show the same, share one stream, and either stops it', async ({ context, page }) => {
  const id = await newThread(page, SLOW);
  await page.goto(`/c/${id}`);
  const other = await context.newPage();
  await other.goto(`/c/${id}`);
  await expect(other.getByText('What would you like to know?')).toBeVisible();
  await page.bringToFront();
  await send(page, '[say 200]');
  await expect(lastAnswer(page)).toContainText('t3 ');
  await expect(lastAnswer(other)).toContainText('t3 ');
  await other.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByRole('button', { name: 'Send' })).toBeVisible();
  await expect(status(page, 'Stopped')).toBeAttached();
  const kept = textOf(await answered(page, id));
  for (const tab of [page, other]) await expect(lastAnswer(tab).locator('.parts')).toHaveText(kept);
  const streams = async (): Promise<string | undefined> => /^atelier_http_streams(?:\{[^}]*\})? (\d+)/m.exec(await (await page.request.get('/metrics')).text())?.[1];
  await expect.poll(streams).toBe('1');
});

test('the next message waits for the answer’s end', async ({ page }) => {
  const id = await newThread(page, SLOW);
  await page.goto(`/c/${id}`);
  await send(page, '[say 30]');
  await expect(lastAnswer(page)).toContainText('t2 ');
  await send(page, '[answer Never.]');
  await page.getByRole('button', { name: 'Not yet' }).click();
  await box(page).fill('');
  await send(page, '[answer And then?]');
  await expect(page.getByText('Goes out once the answer has ended.')).toBeVisible();
  await expect(articles(page)).toHaveCount(2);
  await expect(lastAnswer(page)).toContainText('And then?');
  await expect(articles(page)).toHaveCount(4);
  await expect(box(page)).toHaveValue('');
  await expect(page.getByText('Goes out once the answer has ended.')).toHaveCount(0);
  expect(textOf((await read(page, id)).messages[1]!)).toContain('t30');
});

test('an edit and another answer stand beside what was there', async ({ context, page }) => {
  const id = await newThread(page);
  await say(page, id, '[answer The lamp is lit.]');
  await answered(page, id);
  await page.goto(`/c/${id}`);
  const other = await context.newPage();
  await other.goto(`/c/${id}`);
  await expect(lastAnswer(other)).toContainText('The lamp is lit.');
  await page.bringToFront();
  await articles(page).first().hover();
  await articles(page).first().getByRole('button', { name: 'Edit' }).click();
  const edit = page.getByRole('textbox', { name: 'Edit the message' });
  await expect(edit).toBeFocused();
  await expect(edit).toHaveValue('[answer The lamp is lit.]');
  await edit.fill('[answer The lamp is out.]');
  await edit.press('Control+Enter');
  await expect(lastAnswer(page)).toContainText('The lamp is out.');
  await expect(articles(page)).toHaveCount(2);
  await expect(lastAnswer(other)).toContainText('The lamp is out.');
  await expect(articles(page).first()).toContainText('2/2');
  await articles(page).first().getByRole('button', { name: 'Version before' }).click();
  await expect(lastAnswer(page)).toContainText('The lamp is lit.');
  await expect(lastAnswer(other), 'every tab shows the same branch').toContainText('The lamp is lit.');
  await lastAnswer(page).getByRole('button', { name: 'Answer again', exact: true }).click();
  await expect(lastAnswer(page)).toContainText('2/2');
  await lastAnswer(page).getByRole('button', { name: 'Answer again with another model' }).click();
  await page.getByRole('menuitem', { name: /^lab\/double-mini/ }).click();
  await expect(lastAnswer(page)).toContainText('3/3');
  await expect(lastAnswer(page).getByRole('heading', { name: 'lab/double-mini' })).toBeVisible();
  await answered(page, id);
  const { shape } = await read(page, id);
  expect(shape).toEqual({ parents: [0, 1, 0, 3, 1, 1], roles: 'uauaaa' });
  await lastAnswer(page).getByRole('button', { name: /new thread/ }).click();
  await expect(page).not.toHaveURL(new RegExp(id));
  await expect(articles(page)).toHaveCount(2);
});

test('a long thread shows its end, more on the way up, and any message by its address', async ({ page }) => {
  const id = await longThread(page, 200);
  await watchShift(page);
  await page.goto(`/c/${id}`);
  await expect(lastAnswer(page)).toContainText('Answer 200.');
  await expect(articles(page)).toHaveCount(8);
  await expect.poll(async () => (await scrolled(page)).end).toBeLessThan(2);
  const asked: string[] = [];
  page.on('request', (request) => void (request.url().includes('/messages') && asked.push(request.url())));
  await articles(page).last().hover();
  for (let turn = 0; turn < 10; turn += 1) {
    await page.mouse.wheel(0, -700);
    await page.waitForTimeout(60);
  }
  await expect.poll(async () => (await scrolled(page)).articles).toBeGreaterThanOrEqual(32);
  expect(asked.length).toBeGreaterThan(0);
  expect((await shiftOf(page)).filter((shift) => Number.parseFloat(shift) > 0.01), 'what is read stays where it is').toEqual([]);
  // Somebody else writes: the reader is not moved.
  const { top } = await scrolled(page);
  await say(page, id, '[answer From elsewhere.]');
  await expect(page.getByRole('button', { name: '2 new messages' })).toBeVisible();
  expect((await scrolled(page)).top).toBe(top);
  await page.getByRole('button', { name: '2 new messages' }).click();
  await expect(lastAnswer(page)).toContainText('From elsewhere.');
  await expect(articles(page)).toHaveCount(8);
  await page.goto(`/c/${id}#42`);
  await page.reload();
  await expect(page.locator('#m42').getByRole('heading').first()).toBeFocused();
  await expect(page.locator('#m42')).toBeInViewport();
  await expect(page.getByRole('button', { name: 'Newest' })).toBeVisible();
});

test('ten thousand messages are no more to the page than ten', async ({ page }) => {
  const id = await longThread(page, 10_000);
  await page.goto('/c');
  await expect(page.getByText('What would you like to know?')).toBeVisible();
  const opening = await longestTaskMs(page, async () => {
    await page.getByRole('navigation', { name: 'Threads' }).getByRole('listitem').first().getByRole('link').click();
    await expect(lastAnswer(page)).toContainText('Answer 10000.');
    await page.waitForTimeout(500);
  });
  await page.request.patch(`/api/threads/${id}`, { data: { model: 'lab/double@token-gap=10' } });
  await expect(page.getByRole('combobox', { name: 'Model' })).toHaveValue('lab/double@token-gap=10');
  const answering = await longestTaskMs(page, async () => {
    await send(page, '[say 300]');
    await expect(lastAnswer(page)).toContainText('t10 ');
    await page.keyboard.type('Typed while it is said, and not held up.', { delay: 40 });
    await expect(lastAnswer(page)).toContainText('t300', { timeout: 20_000 });
  });
  test.info().annotations.push({ type: 'longest task', description: `${opening.toFixed(1)} ms to open, ${answering.toFixed(1)} ms while it answers` });
  expect(opening).toBeLessThan(120);
  expect(answering).toBeLessThan(50);
  await expect(box(page)).toHaveValue('Typed while it is said, and not held up.');
});

test('what is read from its beginning is not pulled away by a long answer', async ({ page }) => {
  const id = await newThread(page, 'lab/double@token-gap=4');
  await page.goto(`/c/${id}`);
  await send(page, '[say 1200]');
  await expect(page.getByRole('button', { name: 'Newest' })).toBeVisible({ timeout: 20_000 });
  const { top } = await scrolled(page);
  await expect(lastAnswer(page)).toContainText('t1200', { timeout: 30_000 });
  expect((await scrolled(page)).top).toBe(top);
  await expect(lastAnswer(page).getByRole('heading').first()).toBeInViewport();
  // Unless one would rather follow.
  await page.getByRole('button', { name: 'More about the list' }).click();
  await page.getByRole('menuitem', { name: 'Follow answers to their end' }).click();
  await send(page, '[say 1200]');
  await expect(lastAnswer(page)).toContainText('t1200', { timeout: 30_000 });
  await expect.poll(async () => (await scrolled(page)).end).toBeLessThan(3);
});

test('drafts are kept for each thread, and what was asked comes back', async ({ page }) => {
  const [one, two] = [await newThread(page), await newThread(page)];
  await page.goto(`/c/${one}`);
  await send(page, '[answer Yes.]');
  await expect(lastAnswer(page)).toContainText('Yes.');
  await box(page).press('ArrowUp');
  await expect(box(page)).toHaveValue('[answer Yes.]');
  await box(page).press('ArrowDown');
  await expect(box(page)).toHaveValue('');
  await box(page).fill('Half a thought');
  await page.goto(`/c/${two}`);
  await expect(box(page)).toHaveValue('');
  await page.goto(`/c/${one}`);
  await expect(box(page)).toHaveValue('Half a thought');
  // A text too long for the box.
  await box(page).fill('');
  const pasteLong = (): Promise<void> => page.evaluate(() => {
    const data = new DataTransfer();
    data.setData('text/plain', 'a long line\n'.repeat(90_000));
    document.querySelector('textarea')!.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  });
  await pasteLong();
  const along = page.getByRole('list', { name: 'Goes along' });
  await expect(along).toContainText('Pasted text 1.1 MB');
  await expect(box(page)).toHaveValue('');
  await page.getByRole('button', { name: 'Remove Pasted text' }).click();
  await expect(along).toHaveCount(0);
  await pasteLong();
  await send(page, '[answer Read.]');
  await expect(lastAnswer(page)).toContainText('Read.');
  await expect(articles(page).nth(2).getByRole('button', { name: /^Show all 1,080,000 characters/ })).toBeVisible();
  // A picture and a text file.
  await page.getByLabel('Drop pictures, PDFs or text files here').setInputFiles([{ name: 'dot.png', mimeType: 'image/png', buffer: Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64') }, { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('Two ships.') }]);
  await expect(along.getByRole('listitem')).toHaveCount(2);
  await expect(along.locator('[aria-busy]')).toHaveCount(0);
  await send(page, '[answer Seen.]');
  await expect(lastAnswer(page)).toContainText('Seen.');
  await expect(articles(page).nth(4)).toContainText('Two ships.');
  await expect(articles(page).nth(4).getByRole('img', { name: 'Attached picture' })).toBeVisible();
});

test('what is refused is taken back, and stays to be sent again', async ({ page }) => {
  const id = await newThread(page);
  await page.goto(`/c/${id}`);
  const refusal = { status: 409, contentType: 'application/problem+json', body: JSON.stringify({ code: 'quota_exhausted', title: 'Nothing is left of this allowance' }) };
  await page.route('**/messages', (route) => (route.request().method() === 'POST' ? route.fulfill(refusal) : route.fallback()));
  await send(page, '[answer Here now.]');
  await expect(page.getByRole('button', { name: 'Try again' })).toBeVisible();
  await expect(box(page)).toHaveValue('[answer Here now.]');
  await expect(articles(page)).toHaveCount(0);
  await page.unroute('**/messages');
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(lastAnswer(page)).toContainText('Here now.');
  await expect(box(page)).toHaveValue('');
  await expect(articles(page)).toHaveCount(2);
});

test('threads are renamed, pinned, found and deleted', async ({ page }) => {
  const id = await newThread(page);
  await say(page, id, 'A thread of many names');
  await answered(page, id);
  await page.goto('/c');
  const list = page.getByRole('navigation', { name: 'Threads' });
  const row = (title: string) => list.getByRole('listitem').filter({ has: page.getByRole('link', { name: title }) });
  await row('A thread of many names').hover();
  await list.getByRole('button', { name: 'Actions of A thread of many names' }).click();
  await page.getByRole('menuitem', { name: 'Rename' }).click();
  await page.keyboard.type('The only name');
  await page.keyboard.press('Enter');
  await expect(row('The only name')).toBeVisible();
  await list.getByRole('button', { name: 'Actions of The only name' }).focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('menuitem', { name: 'Pin' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(list.getByRole('listitem').first()).toContainText('Pinned');
  await expect.poll(async () => (await read(page, id)).thread).toMatchObject({ title: 'The only name', is_pinned: true });
  await page.getByRole('searchbox', { name: 'Search threads' }).fill('only');
  await expect(row('The only name')).toBeVisible();
  // Of what was said, too: a press goes to the place.
  await page.getByRole('searchbox', { name: 'Search threads' }).fill('thread of many');
  await list.getByRole('region', { name: 'In messages' }).getByRole('link').first().click();
  await expect(page).toHaveURL(new RegExp(`${id}#\\d$`));
  await expect(page.locator('article h2:focus')).toHaveCount(1);
  await page.getByRole('searchbox', { name: 'Search threads' }).fill('');
  await list.getByRole('button', { name: 'Actions of The only name' }).click();
  await page.getByRole('menuitem', { name: 'Move to a folder…' }).click();
  await page.getByRole('textbox', { name: 'Name of the folder' }).fill('Harbour');
  await page.getByRole('button', { name: 'Move', exact: true }).click();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  const shown = list.getByRole('combobox', { name: 'Threads shown' });
  await shown.selectOption({ label: 'Harbour' });
  await expect(list.getByRole('listitem')).toHaveCount(1);
  await list.getByRole('button', { name: 'Actions of The only name' }).click();
  await page.getByRole('menuitem', { name: 'Archive' }).click();
  await expect(list.getByRole('listitem')).toHaveCount(0);
  await shown.selectOption({ label: 'Archived' });
  await list.getByRole('button', { name: 'Actions of The only name' }).click();
  await page.getByRole('menuitem', { name: 'Bring back' }).click();
  await shown.selectOption({ label: 'Harbour' });
  await list.getByRole('button', { name: 'More about the list' }).click();
  await page.getByRole('menuitem', { name: /Delete the folder/ }).click();
  await expect(shown).toHaveValue('all');
  await list.getByRole('button', { name: 'Actions of The only name' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await expect(row('The only name')).toHaveCount(0);
  await page.getByRole('status').filter({ hasText: 'deleted' }).getByRole('button', { name: 'Undo' }).last().click();
  await expect(row('The only name')).toBeVisible();
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('combobox', { name: 'Find or do anything' })).toBeFocused();
  await page.keyboard.type('only name');
  await expect(page.getByRole('option', { name: /The only name/ })).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(id));
  await expect(page.getByRole('heading', { name: 'The only name', level: 1 })).toBeFocused();
});

test('threads are taken away and brought along', async ({ page }) => {
  const id = await newThread(page);
  await say(page, id, '[answer Far from home.]');
  await answered(page, id);
  await page.goto(`/c/${id}`);
  const list = page.getByRole('navigation', { name: 'Threads' });
  const save = async (format: string): Promise<string> => {
    await list.getByRole('button', { name: 'Actions of [answer Far from home.]' }).first().click();
    const file = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: format }).click();
    return (await file).path();
  };
  expect(readFileSync(await save('Save as Markdown'), 'utf8')).toContain('Far from home.');
  const path = await save('Save as JSON');
  await page.request.delete(`/api/threads/${id}`);
  await expect(page.getByRole('heading', { name: 'This thread is no longer there' })).toBeVisible();
  await list.getByLabel('Bring threads along…').setInputFiles({ name: 'thread.json', mimeType: 'application/json', buffer: readFileSync(path) });
  await expect(page.getByText('1 thread came along.')).toBeVisible();
  await list.getByRole('link', { name: /Far from home/ }).click();
  await expect(lastAnswer(page)).toContainText('Far from home.');
  await list.getByLabel('Bring threads along…').setInputFiles({ name: 'odd.json', mimeType: 'application/json', buffer: Buffer.from('[{"mapping":{}}, 5]') });
  const left = page.getByRole('dialog', { name: 'What stayed behind' });
  await expect(left.getByRole('listitem')).toHaveText([/^\/0 /, /^\/1 /]);
  await page.keyboard.press('Escape');
  await list.getByLabel('Bring threads along…').setInputFiles({ name: 'none.json', mimeType: 'application/json', buffer: Buffer.from('5') });
  await expect(page.getByText('the file is an export of no known product')).toBeVisible();
});

for (const colorScheme of themes) {
  test(`it keeps the rules of access, at a desk and on a phone, ${colorScheme}`, async ({ browser, page: first, studio }) => {
    const id = await newThread(first);
    await say(first, id, '[think 5] Tell me.');
    await answered(first, id);
    for (const device of [{ viewport: { width: 1280, height: 800 } }, { viewport: { width: 375, height: 812 }, hasTouch: true, isMobile: true }, { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true }]) {
      const context = await browser.newContext({ baseURL: studio.url, colorScheme, reducedMotion: 'reduce', ...device });
      const page = await context.newPage();
      const keepsRules = async (where: string): Promise<void> => {
        await expectNoSidewaysScroll(page);
        const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
        expect(violations.map(({ id: rule, nodes }) => `${where} ${device.viewport.width}: ${rule}: ${nodes.map((node) => `${node.target.join(' ')} ${node.failureSummary ?? ''}`).join(' | ')}`)).toEqual([]);
      };
      await page.goto('/c');
      await expect(page.getByText('What would you like to know?')).toBeVisible();
      await keepsRules('new');
      await page.goto(`/c/${id}`);
      await lastAnswer(page).getByRole('button', { name: 'What it took' }).click();
      await keepsRules('thread');
      await lastAnswer(page).getByRole('button', { name: 'Answer again with another model' }).click();
      await keepsRules('menu');
      await page.keyboard.press('Escape');
      if (device.viewport.width < 900) await page.getByRole('button', { name: 'Show the threads' }).click();
      await expect(page.getByRole('navigation', { name: 'Threads' }).getByRole('listitem').first()).toBeVisible();
      await keepsRules('list');
      if (device.viewport.width < 900) await page.getByRole('button', { name: 'Hide the threads' }).click();
      await page.getByRole('button', { name: 'What the model is told' }).click();
      await expect(page.getByRole('dialog')).toBeVisible();
      await keepsRules('settings');
      await context.close();
    }
  });
}
