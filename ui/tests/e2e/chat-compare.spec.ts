// One question to several models, their answers side by side.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import type { Thread, ThreadPage } from '../../src/lib/api/chat-types';
import { withLab } from './lab';
import { expect, expectNoSidewaysScroll, test, themes } from './studio';

test.use({ name: 'chat-compare' });
test.describe.configure({ mode: 'serial' });

withLab();

const QUICK = 'lab/double';
const SLOW = 'lab/double@token-gap=40';
const STALLED = 'lab/double@stall-mid=60000,at=5';

const read = async (page: Page, thread: string): Promise<ThreadPage> => (await page.request.get(`/api/threads/${thread}`)).json() as Promise<ThreadPage>;
const newThread = async (page: Page, model: string): Promise<string> => ((await (await page.request.post('/api/threads', { data: { model } })).json()) as Thread).id;
const ask = async (page: Page, thread: string, text: string, models: readonly string[]): Promise<void> => {
  const response = await page.request.post(`/api/threads/${thread}/messages`, { data: { parts: [{ type: 'text', text }], models } });
  expect(response.ok(), await response.text()).toBe(true);
};
// Models that are asked for by their behaviour are not listed: the page is told of them.
async function listModels(page: Page, models: readonly string[]): Promise<void> {
  await page.route('**/api/models', async (route) => {
    const response = await route.fetch();
    const list = (await response.json()) as { items: Record<string, unknown>[] };
    const plain = list.items.find(({ name }) => name === QUICK)!;
    return route.fulfill({ response, json: { ...list, items: models.map((name) => ({ ...plain, name, id: name })) } });
  });
}
const box = (page: Page) => page.getByRole('textbox', { name: 'Message', exact: true });
const side = (page: Page) => page.getByRole('group', { name: /answers side by side/ });
const columns = (page: Page) => side(page).getByRole('article');
const articles = (page: Page) => page.getByRole('region', { name: 'Messages' }).getByRole('article');

test('several models answer at once, each is stopped by itself, and one is kept', async ({ page }) => {
  const id = await newThread(page, QUICK);
  await listModels(page, [QUICK, SLOW, STALLED]);
  await page.goto(`/c/${id}`);
  await page.getByRole('button', { name: 'Compare with other models' }).click();
  const add = page.getByRole('group', { name: 'Compare with' }).getByRole('combobox', { name: 'Add a model…' });
  await expect(add).toBeFocused();
  await add.selectOption(SLOW);
  await add.selectOption(STALLED);
  await expect(add, 'there are no further ones').toHaveCount(0);
  await box(page).fill('[say 60]');
  await box(page).press('Enter');
  await expect(columns(page)).toHaveCount(3);
  await expect(page.getByRole('group', { name: 'Compare with' }), 'one question is compared, not all that follow').toHaveCount(0);
  await expect(columns(page).nth(0)).toContainText('t59 t60');
  await expect(columns(page).nth(1)).toContainText('t2 ');
  await expect(columns(page).nth(2)).toContainText('t1 t2');
  await page.screenshot({ path: test.info().outputPath('streaming.png') });
  await side(page).getByRole('button', { name: `Stop: ${STALLED}` }).click();
  await expect(side(page).getByRole('button', { name: `Keep this one: ${STALLED}` })).toBeVisible();
  await expect(columns(page).nth(1), 'the other goes on').toContainText('t59 t60');
  await expect(page.getByRole('status').filter({ hasText: '3 of 3 answers ready' })).toBeAttached();
  await columns(page).nth(1).getByRole('button', { name: 'What it took' }).click();
  await expect(columns(page).nth(1)).toContainText('Answered by');
  const { thread } = await read(page, id);
  expect(thread.head, 'the first until one is kept').toBe(2);
  await side(page).getByRole('button', { name: `Keep this one: ${SLOW}` }).click();
  await expect(side(page)).toHaveCount(0);
  await expect(articles(page)).toHaveCount(2);
  await expect(page.locator('#m3 h2')).toBeFocused();
  await expect.poll(async () => (await read(page, id)).thread.head).toBe(3);
  await expect(articles(page).last()).toContainText('2/3');
  await box(page).fill('[answer Onwards.]');
  await box(page).press('Enter');
  await expect(articles(page).last()).toContainText('Onwards.');
  expect((await read(page, id)).messages.map(({ number, parent }) => [number, parent])).toEqual([[1, 0], [3, 1], [5, 3], [6, 5]]);
});

test('all are stopped at once, and what was said stays', async ({ page }) => {
  const id = await newThread(page, STALLED);
  const other = 'lab/double@stall-mid=50000,at=5';
  await listModels(page, [STALLED, other]);
  await page.goto(`/c/${id}`);
  await page.getByRole('button', { name: 'Compare with other models' }).click();
  await page.getByRole('combobox', { name: 'Add a model…' }).selectOption(other);
  await box(page).fill('[say 30]');
  await box(page).press('Enter');
  await expect(columns(page).nth(0)).toContainText('t1 t2');
  await expect(columns(page).nth(1)).toContainText('t1 t2');
  await side(page).getByRole('button', { name: 'Stop all' }).click();
  await expect(side(page).getByText('Stopped')).toHaveCount(2);
  await expect(columns(page).nth(1)).toContainText('t1 t2');
  await expect(page.getByRole('button', { name: 'Send' })).toBeVisible();
});

test('what was compared is seen side by side again, also after a reload and from another branch', async ({ page }) => {
  const id = await newThread(page, QUICK);
  await ask(page, id, '[say 12]', [QUICK, SLOW, `${QUICK}@token-gap=1`]);
  await expect.poll(async () => (await read(page, id)).thread.state).toBe('idle');
  await page.goto(`/c/${id}`);
  await expect(articles(page)).toHaveCount(2);
  await articles(page).last().getByRole('button', { name: 'Side by side' }).click();
  await expect(columns(page)).toHaveCount(3);
  for (let at = 0; at < 3; at += 1) await expect(columns(page).nth(at)).toContainText('t11 t12');
  await expect(side(page).getByText('Goes on from here')).toHaveCount(1);
  await side(page).getByRole('button', { name: 'Show one' }).click();
  await expect(side(page)).toHaveCount(0);
  await expect(articles(page)).toHaveCount(2);
});

test('an answer that was asked for elsewhere is seen growing in its column', async ({ page }) => {
  const id = await newThread(page, QUICK);
  await ask(page, id, '[say 60]', [QUICK, 'lab/double@token-gap=100']);
  await page.goto(`/c/${id}`);
  await articles(page).last().getByRole('button', { name: 'Side by side' }).click();
  await expect(side(page).getByRole('button', { name: 'Stop: lab/double@token-gap=100' })).toBeVisible();
  await expect(columns(page).nth(1)).toContainText('t59 t60', { timeout: 20_000 });
  await expect(side(page).getByRole('button', { name: 'Keep this one: lab/double@token-gap=100' })).toBeVisible();
});

for (const colorScheme of themes) {
  test(`it keeps the rules of access, in columns and as tabs, ${colorScheme}`, async ({ browser, page: first, studio }) => {
    const id = await newThread(first, QUICK);
    await ask(first, id, '[answer # A lighthouse\n\nIt *warns* ships.\n\n- of rocks\n- of sand]', [QUICK, SLOW, `${QUICK}@token-gap=1`]);
    await expect.poll(async () => (await read(first, id)).thread.state).toBe('idle');
    for (const device of [{ viewport: { width: 1280, height: 800 } }, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }]) {
      const context = await browser.newContext({ baseURL: studio.url, colorScheme, reducedMotion: 'reduce', ...device });
      const page = await context.newPage();
      await listModels(page, [QUICK, SLOW, STALLED]);
      await page.goto(`/c/${id}`);
      await articles(page).last().getByRole('button', { name: 'Side by side' }).click();
      await expect(side(page)).toBeVisible();
      if (device.isMobile) {
        const tabs = side(page).getByRole('tab');
        await expect(tabs).toHaveText([QUICK, SLOW, `${QUICK}@token-gap=1`]);
        await expect(tabs.first()).toHaveAttribute('aria-selected', 'true');
        await tabs.first().focus();
        await page.keyboard.press('ArrowRight');
        await expect(tabs.nth(1)).toBeFocused();
        await expect(side(page).getByRole('tabpanel')).toHaveCount(1);
        await expect(columns(page)).toHaveCount(1);
        await expect(columns(page).first().getByRole('heading', { name: SLOW, exact: true })).toBeVisible();
      } else {
        await expect(columns(page)).toHaveCount(3);
        const tops = await columns(page).evaluateAll((nodes) => nodes.map((node) => node.getBoundingClientRect().top));
        expect(new Set(tops).size, 'beside each other').toBe(1);
      }
      await page.getByRole('button', { name: 'Compare with other models' }).click();
      await page.getByRole('combobox', { name: 'Add a model…' }).selectOption(SLOW);
      await expectNoSidewaysScroll(page);
      await page.screenshot({ path: test.info().outputPath(`side-${device.viewport.width}.png`) });
      const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
      expect(violations.map(({ id: rule, nodes }) => `${rule}: ${nodes.map((node) => node.target.join(' ')).join(' | ')}`)).toEqual([]);
      await context.close();
    }
  });
}
