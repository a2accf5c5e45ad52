// Routes as they are drawn: who serves them, and how that is changed.
import AxeBuilder from '@axe-core/playwright';
import type { APIRequestContext, Page } from '@playwright/test';
import type { ModelRoute, RouteDefinition } from '../../src/lib/api/gateway-types';
import { withLab } from './lab';
import { expect, expectNoSidewaysScroll, shiftOf, test, watchShift, themes } from './studio';

test.use({ name: 'routes' });
test.describe.configure({ mode: 'serial' });
withLab();

const lab = (model: string, weight = 1) => ({ provider: 'lab', model, weight });
async function make(request: APIRequestContext, name: string, route: RouteDefinition): Promise<void> {
  await request.delete(`/api/routes/${name}`);
  const made = await request.post('/api/routes', { data: { name, ...route } });
  expect(made.status(), await made.text()).toBe(201);
}
const stored = async (request: APIRequestContext, name: string): Promise<ModelRoute> => (await (await request.get(`/api/routes/${name}`)).json()) as ModelRoute;
const modelsOf = async (request: APIRequestContext, name: string): Promise<string[]> => (await stored(request, name)).targets.map(({ model }) => model);
const say = (request: APIRequestContext, model: string) => request.post('/v1/chat/completions', { data: { model, messages: [{ role: 'user', content: 'Hello' }] } });
const cards = (page: Page, name: string) => page.getByRole('list', { name: `Candidates of ${name}` }).getByRole('listitem');
const names = (page: Page, name: string) => cards(page, name).locator('.mono');
const widths = (page: Page, name: string): Promise<number[]> =>
  page.getByRole('listitem').filter({ has: page.getByRole('heading', { name, exact: true }) }).locator('path').evaluateAll((paths) => paths.filter((path) => path.hasAttribute('stroke-width')).map((path) => Number(path.getAttribute('stroke-width'))));

test('a route shows who served it, and its edges are as wide as their shares', async ({ page, request }) => {
  await make(request, 'shared', { strategy: 'ordered', targets: [lab('double@401'), lab('double'), lab('double-mini')] });
  for (let time = 0; time < 3; time += 1) expect((await say(request, 'shared')).status()).toBe(200);
  await page.goto('/models');
  const route = cards(page, 'shared');
  await expect(async () => {
    await page.reload();
    await expect(route.nth(1)).toContainText('100% of the answers (3)', { timeout: 1000 });
  }).toPass({ timeout: 15_000 });
  await expect(route.nth(0)).toContainText('passed over now');
  await expect(route.nth(0)).toContainText('1 failed');
  await expect(route.nth(0)).toContainText('Key refused');
  await expect(route.nth(1)).toContainText('asked first now');
  await expect(route.nth(1)).toContainText(/100% of \d+ good · answer .* · free/);
  await expect(route.nth(2)).toContainText('served nothing');
  const [first, second, third] = await widths(page, 'shared');
  expect(second!).toBeGreaterThan(first!);
  expect(third).toBe(first);
  await page.getByRole('radio', { name: 'Last day' }).check({ force: true });
  await expect(route.nth(1)).toContainText('100% of the answers (3)');
});

test('the drawing stands still while figures come in', async ({ page, request }) => {
  await make(request, 'still', { strategy: 'ordered', targets: [lab('double'), lab('double-mini')] });
  await page.clock.install();
  await page.goto('/models');
  await expect(cards(page, 'still').nth(0)).toContainText('no calls');
  const edges = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: 'still', exact: true }) }).locator('svg[viewBox^="0 0 112"] path');
  await edges.evaluateAll((paths) => paths.forEach((path) => {
    const told: string[] = ((path as unknown as { told: string[] }).told = []);
    new MutationObserver((changes) => told.push(...changes.map(({ attributeName }) => attributeName ?? ''))).observe(path, { attributes: true });
  }));
  expect((await say(request, 'still')).status()).toBe(200);
  await expect(async () => {
    await page.clock.runFor(10_000);
    await expect(cards(page, 'still').nth(0)).toContainText('100% of the answers (1)', { timeout: 500 });
  }).toPass({ timeout: 15_000 });
  const told = await edges.evaluateAll((paths) => paths.map((path) => (path as unknown as { told?: string[] }).told ?? null));
  expect(told, 'the same elements, of which the width alone was set').toEqual([['stroke-width'], []]);
});

test('the order is changed by the keyboard, and kept', async ({ page, request }) => {
  await make(request, 'order', { strategy: 'ordered', targets: [lab('double'), lab('double-mini'), lab('other')], cache_life_s: 60 });
  await page.goto('/models');
  const route = cards(page, 'order');
  await expect(route.nth(2)).toContainText('asked as number 3');
  const up = page.getByRole('button', { name: 'Move lab/other up in order' });
  await up.focus();
  await page.keyboard.press('Enter');
  await expect(names(page, 'order')).toHaveText(['lab/double', 'lab/other', 'lab/double-mini']);
  await expect(up, 'where it was pressed it is pressed again').toBeFocused();
  await page.keyboard.press('Enter');
  await expect(names(page, 'order')).toHaveText(['lab/other', 'lab/double', 'lab/double-mini']);
  await expect(page.getByRole('button', { name: 'Move lab/other down in order' }), 'and where it can go no further, its neighbour has the focus').toBeFocused();
  await expect(page.getByRole('status').filter({ hasText: 'lab/other is now number 1 of 3' })).toHaveCount(1);
  await expect.poll(() => modelsOf(request, 'order')).toEqual(['other', 'double', 'double-mini']);
  expect((await stored(request, 'order')).cache_life_s, 'the rest of it stays').toBe(60);
  await page.reload();
  await expect(names(page, 'order')).toHaveText(['lab/other', 'lab/double', 'lab/double-mini']);
  await expect(route).toContainText(['asked first now', 'asked as number 2', 'asked as number 3']);
});

test('weights are set by number, and what is none is not sent', async ({ page, request }) => {
  await make(request, 'mix', { strategy: 'weighted', targets: [lab('double', 1), lab('double-mini', 1)] });
  await page.goto('/models');
  const route = cards(page, 'mix');
  await expect(route.nth(0)).toContainText('asked first for 50% of calls');
  const weight = page.getByRole('spinbutton', { name: 'Weight of lab/double in mix', exact: true });
  await weight.fill('3');
  await weight.press('Tab');
  await expect(route.nth(0)).toContainText('asked first for 75% of calls');
  await expect.poll(async () => (await stored(request, 'mix')).targets.map((target) => target.weight)).toEqual([3, 1]);
  const { revision } = await stored(request, 'mix');
  await weight.fill('0');
  await weight.press('Tab');
  await expect(weight).toHaveAccessibleDescription('Over 0, at most 1,000,000');
  expect((await stored(request, 'mix')).revision).toBe(revision);
});

test('what somebody else changed meanwhile is not overwritten', async ({ page, request }) => {
  await make(request, 'theirs', { strategy: 'ordered', targets: [lab('double'), lab('double-mini')] });
  await page.goto('/models');
  const route = cards(page, 'theirs');
  await expect(route).toHaveCount(2);
  const set = await request.put('/api/routes/theirs', { headers: { 'If-Match': '"1"' }, data: { strategy: 'ordered', targets: [lab('double'), lab('double-mini'), lab('other')] } });
  expect(set.status(), await set.text()).toBe(200);
  await page.getByRole('button', { name: 'Move lab/double-mini up in theirs' }).click();
  await expect(page.getByText('theirs was changed meanwhile')).toBeVisible();
  await expect(names(page, 'theirs')).toHaveText(['lab/double', 'lab/double-mini', 'lab/other']);
  expect(await modelsOf(request, 'theirs')).toEqual(['double', 'double-mini', 'other']);
  // And a server that cannot say is no reason to believe it.
  await page.route('**/api/routes/theirs', (call) => call.fulfill({ status: 429, contentType: 'application/problem+json', body: JSON.stringify({ title: 'Too Many Requests', code: 'busy', detail: 'ask again later' }) }));
  await page.getByRole('button', { name: 'Move lab/other up in theirs' }).click();
  await expect(page.getByText('ask again later')).toBeVisible();
  await expect(names(page, 'theirs')).toHaveText(['lab/double', 'lab/double-mini', 'lab/other']);
});

for (const colorScheme of themes)
  for (const [device, viewport] of [['desk', { width: 1280, height: 800 }], ['phone', { width: 375, height: 812 }]] as const)
    test(`routes keep the rules of access, ${colorScheme} at a ${device}`, async ({ browser, studio, request }) => {
      await make(request, 'mix', { strategy: 'weighted', targets: [lab('double', 1), lab('a-model-with-a-very-long-name-that-goes-on-and-on-2026-11-22', 1), { provider: 'gone', model: 'x' }] });
      const context = await browser.newContext({ baseURL: studio.url, colorScheme, reducedMotion: 'reduce', viewport, hasTouch: device === 'phone', isMobile: device === 'phone' });
      const page = await context.newPage();
      await watchShift(page);
      await page.goto('/models');
      await expect(cards(page, 'mix').nth(2)).toContainText('its provider is not set up');
      await expect(page.locator('svg[viewBox^="0 0 112"]').first()).toBeVisible({ visible: device === 'desk' });
      await expectNoSidewaysScroll(page);
      const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target.join(' ')} ${node.failureSummary ?? ''}`).join(' | ')}`)).toEqual([]);
      expect(await shiftOf(page)).toEqual([]);
      await page.getByRole('region', { name: 'Routes' }).screenshot({ path: test.info().outputPath('routes.png') });
      await context.close();
    });
