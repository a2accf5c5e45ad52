// An error for real: its id is shown, finds it, and it is resolved. A page that breaks and is left tells of both.
import AxeBuilder from '@axe-core/playwright';
import type { APIRequestContext } from '@playwright/test';
import { withDouble } from './lab';
import { expect, expectNoSidewaysScroll, test } from './studio';

test.use({ name: 'errors' });
const double = withDouble();

// Told by the list of figures: what is sampled once a second.
async function expectFigure(request: APIRequestContext, name: string): Promise<void> {
  await expect.poll(async () => ((await (await request.get('/api/performance/figures')).json()) as { items: string[] }).items).toContain(name);
}

test('an error is found by the id that was shown, looked at and resolved', async ({ page, request }) => {
  const added = await request.post('/api/providers', { data: { name: 'worn', preset: 'openai', base_url: `${double.url}/openai/v1`, key: 'sk-worn', is_free: true } });
  expect(added.ok()).toBe(true);
  const failed = await request.post('/v1/chat/completions', { data: { model: 'worn/double', messages: [{ role: 'user', content: 'a word that nobody keeps' }] } });
  expect(failed.status()).toBeGreaterThanOrEqual(500);
  const id = failed.headers()['x-request-id']!;
  await expect(async () => expect(((await (await request.get(`/api/performance/errors?query=${id}`)).json()) as { items: unknown[] }).items).toHaveLength(1)).toPass();
  await expectFigure(request, 'atelier_http_requests_total{method="POST",route="/v1/chat/completions",status="5xx"}:rate');

  await page.goto('/performance');
  const errors = page.getByRole('region', { name: 'Errors' });
  await expect(async () => {
    await page.mouse.wheel(0, 900);
    await expect(errors.getByRole('searchbox')).toBeVisible({ timeout: 300 });
  }).toPass();
  await errors.getByRole('searchbox').fill(id);
  const row = errors.getByRole('listitem');
  await expect(row).toHaveCount(1);
  await expect(row).toContainText('/v1/chat/completions');
  await expectNoSidewaysScroll(page);
  await row.getByRole('link').click();
  const view = page.getByRole('dialog');
  await expect(view).toContainText(id);
  await expect(view).not.toContainText('nobody keeps');
  expect((await new AxeBuilder({ page }).include('dialog').analyze()).violations).toEqual([]);
  await view.getByRole('button', { name: 'Mark as resolved' }).click();
  await expect(view.getByRole('status').filter({ hasText: 'Resolved.' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page).not.toHaveURL(/error=/);

  // The id of a request that went well is no error's, and leads to its trace.
  const fine = (await request.get('/api/models')).headers()['x-request-id']!;
  await expect(async () => {
    await errors.getByRole('searchbox').fill('');
    await errors.getByRole('searchbox').fill(fine);
    await expect(errors.getByRole('link', { name: 'Show the trace' })).toBeVisible({ timeout: 1000 });
  }).toPass();
  await errors.getByRole('link', { name: 'Show the trace' }).click();
  await expect(page.getByRole('dialog', { name: 'GET /api/models' })).toContainText(fine);
  await page.keyboard.press('Escape');
  await expect(page).not.toHaveURL(/trace=/);

  await page.getByRole('group', { name: 'Which routes' }).getByRole('radio', { name: 'Failing' }).check();
  const route = page.getByRole('table', { name: /routes? that failed/ }).getByRole('row', { name: /chat\/completions/ });
  await expect(route.getByRole('cell')).toHaveText([/^1$/, '1', /\d (µs|ms|s)$/]);
  await route.getByRole('button').click();
  await expect(page).toHaveURL(/outcome=failed/);
  await expect(page.getByRole('region', { name: 'Requests and runs' }).getByRole('listitem')).toHaveCount(1);
});

test('a page tells of its errors, and of what the browser measured once it is left', async ({ page, request, console: said }) => {
  await page.goto('/library');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect.poll(() => page.evaluate(() => performance.getEntriesByType('resource').some(({ name }) => name.includes('/_app/later')))).toBe(true);
  const told = page.waitForRequest((sent) => sent.url().endsWith('/api/page-errors'));
  await page.evaluate(() => void setTimeout(() => (undefined as unknown as { id: () => void }).id()));
  expect((await (await told).response())?.status()).toBe(204);
  said.length = 0; // that it is told of in the console, too, is right
  const items = async (query: string) => ((await (await request.get(`/api/performance/${query}`)).json()) as { items: Record<string, unknown>[] }).items;
  await expect.poll(() => items('errors?query=TypeError')).toMatchObject([{ origin: 'page', route: 'library', message: "Cannot read properties of undefined (reading 'id')" }]);

  await page.goto('about:blank');
  await expect.poll(async () => (await items('pages')).map(({ metric, page: of, device }) => `${metric} ${of} ${device}`)).toEqual(expect.arrayContaining(['TTFB library desktop', 'FCP library desktop']));
});
