// Finding in a thread, its branches, and commands written into the box.
import { readFileSync } from 'node:fs';
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import type { Thread, ThreadPage } from '../../src/lib/api/chat-types';
import { withLab } from './lab';
import { expect, expectNoSidewaysScroll, test, themes } from './studio';

test.use({ name: 'chat-tools' });
test.describe.configure({ mode: 'serial' });

withLab();

const read = async (page: Page, thread: string): Promise<ThreadPage> => (await page.request.get(`/api/threads/${thread}`)).json() as Promise<ThreadPage>;
// `parents` are those of messages 1, 2, ...
async function threadOf(page: Page, parents: readonly number[], textOf: (number: number) => string): Promise<string> {
  const { id } = (await (await page.request.post('/api/threads', { data: { model: 'lab/double' } })).json()) as Thread;
  const messages = parents.map((parent, at) => ({ number: at + 1, parent, role: at % 2 === 0 ? 'user' : 'assistant', parts: [{ type: 'text', text: textOf(at + 1) }] }));
  expect((await page.request.put(`/api/threads/${id}/messages`, { data: { messages } })).ok()).toBe(true);
  return id;
}
const row = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
const box = (page: Page) => page.getByRole('textbox', { name: 'Message', exact: true });
const messages = (page: Page) => page.getByRole('region', { name: 'Messages' });

test('words are found in all of a thread, also in what was not read yet', async ({ page }) => {
  const id = await threadOf(page, row(600), (number) => (number % 200 === 7 ? `The lamp of message ${number}. ${'Dark. '.repeat(60)}` : `Message ${number}. ${'Dark. '.repeat(60)}`));
  await page.goto(`/c/${id}`);
  await messages(page).getByRole('article').last().waitFor();
  await page.getByRole('button', { name: 'Find in this thread' }).click();
  const field = page.getByRole('searchbox', { name: 'Find in this thread' });
  await expect(field).toBeFocused();
  await page.keyboard.type('THE LAMP');
  const place = page.getByRole('search').getByRole('status');
  await expect(place).toHaveText('3 of 3');
  await expect(page.locator('#m407')).toBeInViewport();
  await expect(field).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(place).toHaveText('2 of 3');
  await expect(page.locator('#m207')).toBeInViewport();
  expect(await page.evaluate(() => [...((CSS as unknown as { highlights: Map<string, Set<Range>> }).highlights.get('thread-find') ?? [])].map(String))).toEqual(['The lamp']);
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.press('Shift+Enter');
  await expect(place).toHaveText('1 of 3');
  await expect(page.locator('#m7')).toBeInViewport();
  await page.screenshot({ path: test.info().outputPath('find.png') });
  await field.fill('a word that is nowhere');
  await expect(place).toHaveText('Nothing has it.');
  await page.keyboard.press('Escape');
  await expect(field).toHaveCount(0);
  await expect(box(page)).toBeFocused();
});

test('the branches of a thread are a tree that the keyboard walks', async ({ page }) => {
  // 1-2-3-4; beside 3: 5-6; beside 1: 7-8, which is shown.
  const id = await threadOf(page, [0, 1, 2, 3, 2, 5, 0, 7], (number) => `Words ${number}`);
  await page.request.patch(`/api/threads/${id}`, { data: { head: 8 } });
  await page.goto(`/c/${id}`);
  await expect(messages(page).getByRole('article')).toHaveCount(2);
  await page.getByRole('button', { name: 'Branches of this thread' }).click();
  const tree = page.getByRole('tree', { name: 'Branches of this thread' });
  const items = tree.getByRole('treeitem');
  await expect(items).toHaveText([/Words 1.*1 of 2 · 2 messages/, /Words 3.*1 of 2 · 2 messages/, /Words 5.*2 of 2 · 2 messages/, /Words 7.*shown · 2 of 2 · 2 messages/]);
  await expect(items.nth(3)).toBeFocused();
  await page.screenshot({ path: test.info().outputPath('tree.png') });
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowLeft');
  await expect(items.first()).toBeFocused();
  await page.keyboard.press('ArrowRight');
  await expect(items.nth(1)).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(tree).toHaveCount(0);
  await expect(messages(page).getByRole('article')).toHaveCount(4);
  await expect(messages(page)).toContainText('Words 4');
  await expect(page.locator('#m3 h2')).toBeFocused();
  await expect.poll(async () => (await read(page, id)).thread.head).toBe(4);
});

test('what begins with a stroke is a command, or a message like any other', async ({ page }) => {
  const id = await threadOf(page, row(2), (number) => `Words ${number}`);
  await page.goto(`/c/${id}`);
  await messages(page).getByRole('article').last().waitFor();
  await box(page).pressSequentially('/');
  const list = page.getByRole('listbox', { name: 'Commands' });
  await expect(list.getByRole('option').first()).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.type('ti');
  await expect(list.getByRole('option')).toHaveText([/^\/title/]);
  await expect(box(page)).toHaveAttribute('aria-activedescendant', await list.getByRole('option').first().getAttribute('id').then(String));
  await page.keyboard.press('Tab');
  await expect(box(page)).toHaveValue('/title ');
  await page.keyboard.type('The keeper of the lamp');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'The keeper of the lamp', level: 1 })).toBeVisible();
  await expect(box(page)).toHaveValue('');
  await box(page).pressSequentially('/model ');
  await page.keyboard.type('double');
  await page.screenshot({ path: test.info().outputPath('commands.png') });
  await list.getByRole('option').first().click();
  await expect(box(page)).toHaveValue('');
  await box(page).pressSequentially('/exp');
  await page.keyboard.press('Enter');
  const file = page.waitForEvent('download');
  await page.keyboard.press('Enter');
  expect(readFileSync(await (await file).path(), 'utf8')).toContain('Words 2');
  await box(page).pressSequentially('/find');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('searchbox', { name: 'Find in this thread' })).toBeFocused();
  await page.keyboard.press('Escape');
  // Put away, it is text.
  await box(page).pressSequentially('/new');
  await expect(list).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(list).toHaveCount(0);
  await page.keyboard.press('Enter');
  await expect(messages(page).getByRole('article')).toHaveCount(4);
  await expect.poll(async () => (await read(page, id)).messages[2]?.parts).toEqual([{ type: 'text', text: '/new' }]);
  await expect(page.getByRole('button', { name: 'Send' })).toBeVisible();
  await box(page).pressSequentially('/temp');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/c$/);
  await expect(page.getByText('deleted a day after it was last used')).toBeVisible();
  await box(page).fill('[answer Gone tomorrow.]');
  await box(page).press('Enter');
  await expect(messages(page).getByRole('article').last()).toContainText('Gone tomorrow.');
  expect((await read(page, page.url().split('/').at(-1)!)).thread.is_temporary).toBe(true);
});

test('the box listens where a person turned that on, and what was heard is theirs to send', async ({ page }) => {
  await page.addInitScript(() => {
    class Recognition {
      onresult: ((event: unknown) => void) | null = null;
      onend: (() => void) | null = null;
      start(): void {
        const say = (transcript: string, isFinal: boolean): void => this.onresult?.({ resultIndex: 0, results: [Object.assign([{ transcript }], { isFinal })] });
        Object.assign(globalThis, { say });
      }
      stop(): void {
        this.onend?.();
      }
      abort(): void {}
    }
    Object.assign(globalThis, { SpeechRecognition: Recognition, webkitSpeechRecognition: Recognition });
  });
  const say = (words: string, isFinal: boolean): Promise<void> => page.evaluate(([text, sure]) => (globalThis as unknown as { say: (words: string, isFinal: boolean) => void }).say(text, sure), [words, isFinal] as const);
  await page.goto('/c');
  await box(page).waitFor();
  await expect(page.getByRole('button', { name: 'Dictate' }), 'off until it is turned on').toHaveCount(0);
  await page.goto('/settings');
  await expect(page.getByText('it may send the sound to its maker')).toBeVisible();
  await page.getByRole('group', { name: 'Dictation in the chat' }).getByRole('radio', { name: 'On' }).check({ force: true });
  await page.goto('/c');
  await box(page).fill('Tell me:');
  await page.getByRole('button', { name: 'Dictate' }).click();
  await say('why is the la', false);
  await expect(page.getByRole('status').filter({ hasText: 'why is the la' })).toBeVisible();
  await say('why is the lamp lit', true);
  await expect(box(page)).toHaveValue('Tell me: why is the lamp lit');
  await page.screenshot({ path: test.info().outputPath('voice.png') });
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
  expect(violations.map(({ id }) => id)).toEqual([]);
  await page.getByRole('button', { name: 'Stop dictating' }).click();
  await expect(page.getByRole('button', { name: 'Dictate' })).toBeVisible();
});

for (const colorScheme of themes) {
  test(`they keep the rules of access, ${colorScheme}`, async ({ browser, page: first, studio }) => {
    const id = await threadOf(first, [0, 1, 2, 3, 2, 5, 0, 7], (number) => `Words ${number}. ${'And more of them. '.repeat(10)}`);
    for (const device of [{ viewport: { width: 1280, height: 800 } }, { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true }]) {
      const context = await browser.newContext({ baseURL: studio.url, colorScheme, reducedMotion: 'reduce', ...device });
      const page = await context.newPage();
      const keepsRules = async (where: string): Promise<void> => {
        await expectNoSidewaysScroll(page);
        await page.screenshot({ path: test.info().outputPath(`${where}-${device.viewport.width}.png`) });
        const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
        expect(violations.map(({ id: rule, nodes }) => `${where}: ${rule}: ${nodes.map((node) => node.target.join(' ')).join(' | ')}`)).toEqual([]);
      };
      await page.goto(`/c/${id}`);
      await messages(page).getByRole('article').last().waitFor();
      await page.getByRole('button', { name: 'Find in this thread' }).click();
      await expect(page.getByRole('searchbox', { name: 'Find in this thread' })).toBeFocused();
      await page.keyboard.type('more');
      await expect(page.getByRole('search').getByRole('status')).toHaveText(/\d of \d/);
      await keepsRules('find');
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Branches of this thread' }).click();
      await expect(page.getByRole('treeitem')).toHaveCount(4);
      await keepsRules('tree');
      await page.keyboard.press('Escape');
      await box(page).pressSequentially('/');
      await expect(page.getByRole('listbox', { name: 'Commands' })).toBeVisible();
      await keepsRules('commands');
      await context.close();
    }
  });
}
