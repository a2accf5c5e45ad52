// Tools that a model calls: what is shown of them, and what the reader decides.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import type { Message, Thread } from '../../src/lib/api/chat-types';
import { withLab } from './lab';
import { expect, expectNoSidewaysScroll, test, themes } from './studio';

test.use({ name: 'tool-calls' });
test.describe.configure({ mode: 'serial' });

withLab();

const ASKS = 'call current_time({"zone":"Europe/Rome"})';
const EFFECT = 'Tells the model what time it is now in the zone "Europe/Rome".';

const newThread = async (page: Page, tools: readonly string[] = ['current_time']): Promise<string> =>
  ((await (await page.request.post('/api/threads', { data: { model: 'lab/double', parameters: { tools } } })).json()) as Thread).id;
const answer = async (page: Page, thread: string, number: number): Promise<Message> => (await page.request.get(`/api/threads/${thread}/messages/${number}`)).json() as Promise<Message>;
const box = (page: Page) => page.getByRole('textbox', { name: 'Message', exact: true });
const articles = (page: Page) => page.getByRole('region', { name: 'Messages' }).getByRole('article');
const card = (page: Page) => articles(page).last().getByRole('group', { name: 'Look at the clock' });
const ways = (page: Page) => card(page).getByRole('group', { name: 'Allow this call?' });
async function ask(page: Page): Promise<void> {
  await box(page).fill(ASKS);
  await box(page).press('Enter');
}

test('tools are offered in a thread’s settings, a call waits for leave, also over a reload, and then the answer goes on', async ({ page }) => {
  const id = await newThread(page, []);
  await page.goto(`/c/${id}`);
  await page.getByRole('button', { name: 'What the model is told' }).click();
  const dialog = page.getByRole('dialog', { name: 'What the model is told' });
  await dialog.getByRole('checkbox', { name: /Look at the clock/ }).check();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toHaveCount(0);
  await ask(page);
  await expect(ways(page)).toBeVisible();
  await expect(card(page)).toContainText(EFFECT);
  await expect(page.getByRole('status').filter({ hasText: 'The model asks whether it may use a tool' })).toBeAttached();
  await page.screenshot({ path: test.info().outputPath('waits.png') });
  await page.reload();
  await expect(ways(page)).toBeVisible();
  await expect(card(page)).toContainText('Asks for your leave');
  await ways(page).getByRole('button', { name: 'Allow once' }).focus();
  await page.keyboard.press('Enter');
  await expect(articles(page).last()).toContainText('Results: current_time=');
  await expect(card(page)).toContainText('Done');
  await expect(ways(page)).toHaveCount(0);
  await card(page).getByText('Look at the clock').click();
  await expect(card(page)).toContainText('"zone": "Europe/Rome"');
  await expect(card(page)).toContainText('(Europe/Rome, CE');
  await page.screenshot({ path: test.info().outputPath('done.png') });
  // Once is once.
  await ask(page);
  await expect(ways(page)).toBeVisible();
  await ways(page).getByRole('button', { name: 'Don’t allow' }).click();
  await expect(card(page)).toContainText('Not allowed');
  await expect(articles(page).last()).toContainText('The user did not allow this call.');
});

test('what is always allowed is not asked for again, until it is taken back', async ({ page }) => {
  const id = await newThread(page);
  await page.goto(`/c/${id}`);
  await ask(page);
  await ways(page).getByRole('button', { name: 'Always allow' }).click();
  await expect(articles(page).last()).toContainText('Results:');
  await ask(page);
  await expect(articles(page)).toHaveCount(4);
  await expect(articles(page).last()).toContainText('Results:');
  await page.goto('/settings');
  const grant = page.getByRole('group', { name: 'Leave for: Look at the clock' });
  await expect(grant.getByRole('radio', { name: 'Always allow' })).toBeChecked();
  await page.screenshot({ path: test.info().outputPath('grants.png') });
  await grant.getByRole('radio', { name: 'Ask me' }).check();
  await expect(grant.getByRole('radio', { name: 'Ask me' })).toBeChecked();
  await page.goto(`/c/${id}`);
  await ask(page);
  await expect(ways(page)).toBeVisible();
  // In this thread it may; the settings of the thread say so, and take it back.
  await ways(page).getByRole('button', { name: 'Allow in this thread' }).click();
  await expect(articles(page).last()).toContainText('Results:');
  await page.getByRole('button', { name: 'What the model is told' }).click();
  await page.getByRole('button', { name: 'Ask again before: Look at the clock' }).click();
  await expect(page.getByText('Allowed in this thread')).toHaveCount(0);
  await page.screenshot({ path: test.info().outputPath('choice.png') });
});

test('every tab sees that it waits and how it was decided, and who goes on has not allowed it', async ({ page, context }) => {
  const id = await newThread(page);
  await page.goto(`/c/${id}`);
  const other = await context.newPage();
  await other.goto(`/c/${id}`);
  await ask(page);
  await expect(ways(page)).toBeVisible();
  await expect(ways(other)).toBeVisible();
  await ways(other).getByRole('button', { name: 'Allow once' }).click();
  await expect(articles(page).last()).toContainText('Results:');
  await expect(ways(page)).toHaveCount(0);
  await ask(page);
  await expect(ways(page)).toBeVisible();
  await box(page).fill('[answer Never mind.]');
  await box(page).press('Enter');
  await expect(articles(page).last()).toContainText('Never mind.');
  await expect(articles(page).nth(3)).toContainText('Not run');
  await expect(page.getByRole('group', { name: 'Allow this call?' })).toHaveCount(0);
  expect((await answer(page, id, 4)).state).toBe('stopped');
  await other.close();
});

for (const colorScheme of themes) {
  test(`it keeps the rules of access, ${colorScheme}`, async ({ browser, page: first, studio }) => {
    const id = await newThread(first);
    await first.goto(`/c/${id}`);
    await ask(first);
    await expect(ways(first)).toBeVisible();
    for (const device of [{ viewport: { width: 1280, height: 800 } }, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }]) {
      const context = await browser.newContext({ baseURL: studio.url, colorScheme, reducedMotion: 'reduce', ...device });
      const page = await context.newPage();
      for (const where of [`/c/${id}`, '/settings']) {
        await page.goto(where);
        await expect(where === '/settings' ? page.getByRole('group', { name: 'Leave for: Look at the clock' }) : ways(page)).toBeVisible();
        await expectNoSidewaysScroll(page);
        await page.screenshot({ path: test.info().outputPath(`${where === '/settings' ? 'settings' : 'card'}-${device.viewport.width}.png`), fullPage: where === '/settings' });
        const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
        expect(violations.map(({ id: rule, nodes }) => `${rule}: ${nodes.map((node) => node.target.join(' ')).join(' | ')}`)).toEqual([]);
      }
      await context.close();
    }
  });
}
