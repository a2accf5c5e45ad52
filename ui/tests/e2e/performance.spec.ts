// The page of performance, on what this server itself measured of the requests before.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, expectNoSidewaysScroll, shiftOf, test, themes, watchShift } from './studio';

test.use({ name: 'performance' });

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const legendOf = (page: Page, panel: string) => page.getByRole('table', { name: `${panel}, its lines` });

// Figures are taken each second of what came in it.
test.beforeEach(async ({ request }) => {
  await expect(async () => {
    for (let at = 0; at < 5; at++) await request.get('/api/models');
    const { items } = (await (await request.get('/api/performance/figures')).json()) as { items: string[] };
    expect(items).toContain('atelier_http_request_seconds{route="/api/models"}:p95');
    expect(items).toContain('atelier_process_resident_bytes:value');
    expect(items).toContain('atelier_http_request_seconds{route="/api/*"}:p95');
    const { objectives } = (await (await request.get('/api/performance/objectives')).json()) as { objectives: { name: string; event_count: number }[] };
    expect(objectives.find(({ name }) => name === 'api')?.event_count).toBeGreaterThan(0);
  }).toPass();
});

test('what the studio measured of itself is drawn, and told in words', async ({ page, browser, studio }) => {
  await watchShift(page);
  const asked: { figures: string[]; points: number }[] = [];
  page.on('request', (sent) => sent.url().endsWith('/api/performance/history') && asked.push(sent.postDataJSON() as (typeof asked)[number]));
  await page.goto('/nowhere'); // a page that reads nothing and moves nothing itself
  await expect(page.getByRole('heading', { name: 'There is no such page', level: 1 })).toBeVisible();
  await page.keyboard.press('g');
  await page.keyboard.press('p');
  await expect(page.getByRole('heading', { name: 'Performance', level: 1 })).toBeVisible();
  // Objectives first, then budgets, then what came in all: known in one small question.
  const kept = page.getByRole('table').first().getByRole('row', { name: /^Studio requests without a server error/ });
  await expect(kept.getByRole('rowheader')).toContainText('kept');
  await expect(kept.getByRole('cell')).toHaveText(['99.9%', '100%', '100%', '0×', '0×', 'not at this rate']);
  await expect(kept.getByRole('meter')).toHaveAttribute('aria-valuenow', '100');
  await expect(page.getByRole('article', { name: 'Memory at rest' })).toContainText(/MB.*of 100 MB/);
  await expect(page.getByRole('article', { name: 'An image, on average' })).toContainText('no figures yet');
  const all = legendOf(page, 'Requests').getByRole('row', { name: 'all' });
  await all.scrollIntoViewIfNeeded();
  await expect(all.getByRole('cell')).toHaveText([/\d\/s$/, /\d\/s$/, /\d\/s$/]);
  expect(asked[0]!.figures.length, 'the first question is a small one').toBeLessThanOrEqual(6);
  const routes = page.getByRole('heading', { name: 'Requests, the busiest routes' });
  await routes.scrollIntoViewIfNeeded();
  const latency = legendOf(page, 'Time to answer, the slowest routes').getByRole('row', { name: '/api/' }).first(); // whichever was slowest
  await expect(latency.getByRole('cell')).toHaveText([/\d (µs|ms|s)$/, /\d (µs|ms|s)$/, /\d (µs|ms|s)$/]);
  await expect(page.getByRole('table', { name: /routes? that answered/ }).getByRole('row', { name: '/api/models' })).toContainText(/\d/);
  // Panels beneath ask once they are in sight.
  expect(asked.flatMap(({ figures }) => figures)).not.toContain('atelier_process_resident_bytes:value');
  // Figures stand at the end of their cells: as they go on, one of more digits begins earlier.
  const isFigure = (shift: string) => /^0\.000\d+: (#text\s+"[\d.,]+[^"]{0,6}"(, )?)+$/.test(shift);
  expect((await shiftOf(page)).filter((shift) => !isFigure(shift)), 'nothing moves when the figures come').toEqual([]);

  await page.getByRole('heading', { name: 'Memory', exact: true }).scrollIntoViewIfNeeded();
  const memory = legendOf(page, 'Memory').getByRole('row', { name: 'in RAM' });
  await expect(memory.getByRole('cell')).toHaveText([/MB$/, /MB$/, /MB$/]);
  // A line is there: what is drawn differs from what is drawn without it.
  const chart = page.getByRole('slider', { name: 'Memory, a time' });
  const drawn = () => chart.locator('canvas').evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
  const before = await drawn();
  await memory.getByRole('button', { name: 'in RAM' }).click();
  await expect(memory.getByRole('button', { name: 'in RAM' })).toHaveAttribute('aria-pressed', 'false');
  await expect.poll(drawn).not.toBe(before);
  await memory.getByRole('button', { name: 'in RAM' }).click();

  // By keyboard: the crosshair tells one time, + goes into it, and the way back leads out.
  await chart.focus();
  await chart.press('ArrowLeft');
  await expect(chart).toHaveAttribute('aria-valuetext', /\d\d:\d\d.*in RAM [\d.]+ MB/);
  await chart.press('+');
  await expect(page).toHaveURL(/from=.*to=/);
  await expect(page.getByRole('button', { name: 'Back to the last 1 h' })).toBeVisible();
  await page.goBack();
  await expect(page).not.toHaveURL(/from=/);
  asked.length = 0;
  await page.getByRole('radio', { name: '5 min' }).check({ force: true });
  await expect(page).toHaveURL(/range=5m/);
  await expect(page.getByText('a point is 1 s')).toBeVisible();
  await expect(memory.getByRole('cell').first()).toHaveText(/MB$/);
  expect(asked.filter(({ figures }) => figures.includes('atelier_process_resident_bytes:value')).length, 'one request for all that is seen').toBeLessThanOrEqual(2);

  // The period before is drawn beneath, from the same question of another time.
  const alone = await drawn();
  await page.getByRole('switch', { name: 'Compare with the time before' }).check();
  await expect(page).toHaveURL(/compare=yes/);
  await expect.poll(drawn).not.toBe(alone);

  for (const colorScheme of themes) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze();
    expect(violations.map(({ id, nodes }) => `${colorScheme} ${id}: ${nodes.map((node) => `${node.target.join(' ')} ${node.failureSummary ?? ''}`).join(' | ')}`)).toEqual([]);
  }
  const phone = await browser.newPage({ baseURL: studio.url, viewport: { width: 375, height: 812 } });
  await phone.goto('/performance');
  await expect(phone.getByRole('row', { name: /^Studio requests without a server error/ })).toContainText('100%');
  await legendOf(phone, 'Requests').scrollIntoViewIfNeeded();
  await expect(legendOf(phone, 'Requests').getByRole('row', { name: 'all' })).toContainText('/s');
  await expectNoSidewaysScroll(phone);
  await phone.close();
});

test('a stretch is dragged over, and all charts show it', async ({ page }) => {
  await page.goto('/performance?range=5m');
  const chart = page.getByRole('slider', { name: 'Requests, a time' });
  await page.getByRole('heading', { name: 'Requests', exact: true, level: 3 }).scrollIntoViewIfNeeded();
  await expect(chart.locator('.u-over')).toBeVisible();
  const box = (await chart.locator('.u-over').boundingBox())!;
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.5, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.75, y, { steps: 4 });
  await page.mouse.up();
  await expect(page).toHaveURL(/from=.*to=/);
  const query = new URL(page.url()).searchParams;
  const seconds = (Date.parse(query.get('to')!) - Date.parse(query.get('from')!)) / 1000;
  expect(seconds).toBeGreaterThan(70);
  expect(seconds).toBeLessThan(80);
  await page.getByRole('button', { name: 'Back to the last 5 min' }).click();
  await expect(page).toHaveURL(/\/performance\?range=5m$/);
});

test('the last minutes go on by themselves, and nothing is asked for again', async ({ page }) => {
  const asked: string[] = [];
  page.on('request', (sent) => /performance\/(history|events)/.test(sent.url()) && asked.push(new URL(sent.url()).pathname.split('/').at(-1)!));
  // So that no chart is in sight whose routes change while it is.
  await page.setViewportSize({ width: 375, height: 600 });
  await page.goto('/performance?range=5m');
  const chart = page.getByRole('slider', { name: 'Requests, a time' });
  await chart.scrollIntoViewIfNeeded();
  const row = legendOf(page, 'Requests').getByRole('row', { name: 'all' });
  await expect(row.getByRole('cell').first()).toHaveText(/\/s$/);
  await expect.poll(() => asked.at(-1)).toBe('events');
  const before = [...asked];
  const told = () => chart.getAttribute('aria-valuetext');
  const seen = new Set([await told()]);
  await expect.poll(async () => seen.add(await told()).size, { intervals: [200] }).toBeGreaterThan(3);
  // The mean moves with what is asked of the studio now.
  const mean = row.getByRole('cell').nth(1);
  const was = (await mean.textContent()) ?? '';
  for (let at = 0; at < 100; at++) await page.request.get('/api/models');
  await expect(mean).not.toHaveText(was);
  expect(asked, 'one stream, and no question').toEqual(before);
  // A stretch that stands still needs none.
  const ended = page.waitForEvent('requestfailed', (sent) => sent.url().includes('/api/performance/events'));
  await chart.press('+');
  await expect(page).toHaveURL(/from=.*to=/);
  await ended;
});

test('a chart goes on while another button of the mouse is held', async ({ page }) => {
  await page.goto('/performance?range=5m');
  const chart = page.getByRole('slider', { name: 'Requests, a time' });
  await chart.scrollIntoViewIfNeeded();
  await expect(page.getByText('a point is 1 s')).toBeVisible();
  await chart.hover();
  await page.mouse.down({ button: 'right' });
  const drawn = () => chart.locator('canvas').evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(done))); // what was on its way is drawn
  const before = await drawn();
  await expect.poll(drawn).not.toBe(before);
  await page.mouse.up({ button: 'right' });
});

test('where all places are taken it reads again', async ({ page }) => {
  await page.route('**/api/performance/events?*', (route) => route.fulfill({ status: 429, contentType: 'application/problem+json', body: '{"code":"watchers_full"}' }));
  let asked = 0;
  page.on('request', (sent) => void (sent.url().endsWith('/api/performance/history') && asked++));
  await page.goto('/performance?range=5m');
  await page.getByRole('slider', { name: 'Requests, a time' }).scrollIntoViewIfNeeded();
  await expect(page.getByText('a point is 1 s')).toBeVisible();
  const first = asked;
  await expect.poll(() => asked, { timeout: 12_000 }).toBeGreaterThan(first);
});

test('a list of figures that could not be read is read again', async ({ page }) => {
  let refused = 0;
  await page.route('**/api/performance/figures', (route) => (refused++ < 2 ? route.abort('connectionreset') : route.continue()));
  await page.goto('/performance');
  await expect(page.getByRole('heading', { name: 'Requests, the busiest routes' })).toBeVisible({ timeout: 15_000 });
  expect(refused).toBeGreaterThan(2);
});
