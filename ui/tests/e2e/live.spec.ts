import { create, expect, longestTaskMs, ready, shiftOf, test, twoScenes, watchShift } from './studio';

test.use({ name: 'live' });

const LONG_TASK_MS = 50;

test('little moves and nothing blocks while progress arrives', async ({ page }) => {
  await watchShift(page);
  const id = await create(page, `# Steady\n\n${twoScenes}`);
  expect((await page.request.post(`/api/productions/${id}/render`)).status()).toBe(202);
  await page.goto(`/shorts/${id}?tab=export`);
  await expect(page.getByRole('list', { name: 'Steps' }).getByText(/Scene 1/).first()).toBeVisible();
  expect(await longestTaskMs(page, () => ready(page))).toBeLessThan(LONG_TASK_MS);
  // At the end the real lengths of the scenes take the place of the guessed ones in the timeline: that alone may move.
  expect(await shiftOf(page)).toBeLessThan(0.02);
});

test('a hundred steps with ten events a second each leave the page free', async ({ page }) => {
  await watchShift(page);
  const steps = Array.from({ length: 100 }, (_, at) => ({ node: `n${at}`, type: 'story.segment', label: `Scene ${at + 1}: frames`, state: 'running', attempts: 1, is_cached: false, progress: { done: 0, total: 60 }, started_at: null, ended_at: null, error: null }));
  const run = { id: 'storm', kind: 'production.render', subject: '', title: 'Storm', state: 'running', priority: 0, created_at: new Date().toISOString(), ended_at: null, step_count: 100, done_count: 0, cached_count: 0, error: null };
  // The stream is the page's own here, so that it can be fed by the test.
  await page.addInitScript(() => {
    Object.defineProperty(globalThis, 'SharedWorker', { value: undefined });
    const plain = globalThis.fetch;
    globalThis.fetch = (input, init) => {
      if (!String(input).includes('/api/events')) return plain(input, init);
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          const encode = (text: string): void => controller.enqueue(new TextEncoder().encode(text));
          encode('id: 1-0\nevent: hello\ndata: {"topic":"","number":0,"data":{}}\n\n');
          let done = 0;
          setInterval(() => {
            done = (done + 1) % 60;
            encode(Array.from({ length: 100 }, (_, at) => `event: step.progress\ndata: {"topic":"run/storm","number":0,"data":{"run":"storm","node":"n${at}","done":${done},"total":60}}\n\n`).join(''));
          }, 100);
        },
      });
      return Promise.resolve(new Response(body));
    };
  });
  await page.route('**/api/runs?*', (route) => route.fulfill({ json: { items: [run], next: '' } }));
  await page.route('**/api/runs/storm', (route) => route.fulfill({ json: { ...run, steps } }));
  await page.goto('/activity?run=storm');
  await expect(page.getByRole('list', { name: 'Steps' }).getByText(/^\d+ \/ 60/).first()).toBeVisible();
  expect(await longestTaskMs(page, () => page.waitForTimeout(3000))).toBeLessThan(LONG_TASK_MS);
  expect(await shiftOf(page)).toBeLessThan(0.001);
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
