import { create, expect, feedEvents, longestTaskMs, ready, shiftOf, test, twoScenes, watchShift } from './studio';

test.use({ name: 'live' });

const LONG_TASK_MS = 50;

for (const [tab, width] of [['story', 1280], ['captions', 1280], ['export', 1280], ['story', 390], ['export', 390]] as const) {
  test(`nothing moves and nothing blocks while it renders, ${tab} at ${width}`, async ({ page }) => {
    await page.setViewportSize({ width, height: 800 });
    await watchShift(page);
    // Words of its own: what another test rendered would be taken from the cache.
    const id = await create(page, `# Steady\n\nThe lamp is lit at ${width}, for the ${tab}.\n\nThe ships come home.`);
    // What can be chosen from may come after the short: this is about the render, and not about that.
    const choices = page.waitForResponse('**/api/options');
    await page.goto(`/shorts/${id}?tab=${tab}`);
    await choices;
    await expect(page.getByText('Draft', { exact: true })).toBeVisible();
    await page.waitForTimeout(500);
    const render = async (): Promise<void> => expect((await page.request.post(`/api/productions/${id}/render`)).status()).toBe(202);
    expect(
      await longestTaskMs(page, async () => {
        await render();
        await ready(page);
        await page.waitForTimeout(500);
      }),
    ).toBeLessThan(LONG_TASK_MS);
    expect(await shiftOf(page)).toEqual([]);
    // Again, over the captions and the video of before. The edit itself may move what it changes.
    await page.request.put(`/api/productions/${id}/story`, { data: { story: `The lamp at ${width} was lit long ago for the ${tab}, and it still burns.\n\nThe ships come home.` }, headers: { 'If-Match': '"1"' } });
    await expect(page.getByText('Needs rendering', { exact: true })).toBeVisible();
    await page.waitForTimeout(500);
    const before = (await shiftOf(page)).length;
    await render();
    await expect(page.getByRole('button', { name: 'Cancel render' })).toBeVisible();
    await ready(page);
    await page.waitForTimeout(500);
    expect((await shiftOf(page)).slice(before)).toEqual([]);
  });
}

test('a hundred steps with ten events a second each leave the page free', async ({ page }) => {
  await watchShift(page);
  const steps = Array.from({ length: 100 }, (_, at) => ({ node: `n${at}`, type: 'story.segment', label: `Scene ${at + 1}: frames`, state: 'running', attempts: 1, is_cached: false, progress: { done: 0, total: 60 }, started_at: null, ended_at: null, error: null }));
  const run = { id: 'storm', kind: 'production.render', subject: '', title: 'Storm', state: 'running', priority: 0, created_at: new Date().toISOString(), ended_at: null, step_count: 100, done_count: 0, cached_count: 0, error: null };
  const feed = await feedEvents(page);
  await page.route('**/api/runs?*', (route) => route.fulfill({ json: { items: [run], next: '' } }));
  await page.route('**/api/runs/storm', (route) => route.fulfill({ json: { ...run, steps } }));
  await page.goto('/activity?run=storm');
  let done = 0;
  const storm = setInterval(() => {
    done = (done + 1) % 60;
    void feed(Array.from({ length: 100 }, (_, at) => `event: step.progress\ndata: {"topic":"run/storm","number":0,"data":{"run":"storm","node":"n${at}","done":${done},"total":60}}\n\n`).join('')).catch(() => {});
  }, 100);
  await expect(page.getByRole('list', { name: 'Steps' }).getByText(/^\d+ \/ 60/).first()).toBeVisible();
  expect(await longestTaskMs(page, () => page.waitForTimeout(3000))).toBeLessThan(LONG_TASK_MS);
  clearInterval(storm);
  expect(await shiftOf(page)).toEqual([]);
});

test('a run that waits for room says so, until it goes on', async ({ page }) => {
  await watchShift(page);
  const run = { id: 'full', kind: 'production.render', subject: '', title: 'Full', state: 'running', priority: 0, created_at: new Date().toISOString(), ended_at: null, step_count: 9, done_count: 3, cached_count: 0, error: null };
  const feed = await feedEvents(page);
  const tell = (type: string, data: unknown): Promise<void> => feed(`event: ${type}\ndata: ${JSON.stringify({ topic: 'run/full', number: 0, data })}\n\n`);
  await page.route('**/api/runs?*', (route) => route.fulfill({ json: { items: [run], next: '' } }));
  await page.route('**/api/runs/full', (route) => route.fulfill({ json: { ...run, steps: [] } }));
  await page.goto('/activity');
  const row = page.getByRole('article', { name: 'Full' });
  await expect(row.getByText('3 of 9 steps')).toBeVisible();
  await tell('run.stalled', { ...run, stalled: { code: 'storage_full', message: 'database or disk is full', where: '' } });
  await expect(row.getByText('Waiting', { exact: true })).toBeVisible();
  await expect(row.getByText(/no room on the disk/)).toBeVisible();
  const notice = page.getByText('Free some space, and renders go on.');
  await expect(notice).toBeVisible();
  await tell('run.changed', run);
  await expect(notice).toHaveCount(0);
  await expect(row.getByText('Running', { exact: true })).toBeVisible();
  await expect(row.getByText(/no room on the disk/)).toHaveCount(0);
  expect(await shiftOf(page)).toEqual([]);
});

test('the list of shorts moves with a render and asks nothing', async ({ page }) => {
  const id = await create(page, `# Moving\n\n${twoScenes}`);
  await page.goto('/shorts');
  const card = page.getByRole('listitem').filter({ has: page.getByRole('link', { name: /Moving/ }) });
  await expect(card.getByText('Draft')).toBeVisible();
  // The stream's first word makes the page read its list once more. One that is told of has come after it.
  await create(page, '# Told of\n\nHello.');
  await expect(page.getByRole('link', { name: /Told of/ })).toBeVisible();
  const asked: string[] = [];
  page.on('request', (request) => void (request.url().includes('/api/productions') && !request.url().includes('/files/') && asked.push(request.url())));
  expect((await page.request.post(`/api/productions/${id}/render`)).status()).toBe(202);
  await expect(card.getByText('Rendering', { exact: true })).toBeVisible();
  await expect(card.getByText('Ready')).toBeVisible({ timeout: 50_000 });
  await expect(card.getByText(/^\d+:\d\d$/)).toBeVisible();
  expect(asked).toEqual([]);
});

test('two tabs share one stream, and both move', async ({ context, page }) => {
  const id = await create(page, '# Shared\n\nHello to both of you.');
  await page.goto(`/shorts/${id}?tab=export`);
  const other = await context.newPage();
  await other.goto('/activity');
  await page.getByRole('button', { name: 'Render', exact: true }).click();
  await expect(other.getByRole('article', { name: /Shared/ })).toBeVisible();
  await expect(other.getByRole('article', { name: /Shared/ }).getByText('Done', { exact: true })).toBeVisible({ timeout: 40_000 });
  await ready(page);
  // Counted by the server, since a shared worker's requests are no tab's.
  const streams = async (): Promise<string | undefined> => /^atelier_http_streams(?:\{[^}]*\})? (\d+)/m.exec(await (await page.request.get('/metrics')).text())?.[1];
  await expect.poll(streams).toBe('1');
});

test('offline is said, and what was typed is saved when the network is back', async ({ context, page }) => {
  const id = await create(page, '# Cut off\n\nOne.');
  await page.goto(`/shorts/${id}`);
  const story = page.getByRole('textbox', { name: 'Story' });
  await expect(story).toHaveValue(/One\./);
  await context.setOffline(true);
  await story.fill('# Cut off\n\nOne, from under a bridge.');
  await expect(page.getByText('Not saved: offline')).toBeVisible();
  await expect(page.getByText('You are offline.')).toBeVisible();
  await context.setOffline(false);
  await expect(page.getByText(/^Saved/)).toBeVisible({ timeout: 15_000 });
  await expect(page.getByText('You are offline.')).toHaveCount(0);
});

test('a first visit is small and in few requests', async ({ page }) => {
  const sizes = new Map<string, number>();
  page.on('response', (response) => void sizes.set(response.url(), Number(response.headers()['content-length'] ?? 0)));
  await page.goto('/shorts');
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.waitForTimeout(500);
  const own = [...sizes.keys()].filter((url) => !url.includes('/api/'));
  expect(own.length).toBeLessThanOrEqual(14);
});
