// The provider double, for every test of a file.
import type { ChildProcess } from 'node:child_process';
import { dirname, join } from 'node:path';
import { expect, start, stop, test } from './studio';

// Its address is there once the tests run.
export function withDouble(): { readonly url: string } {
  const double: { child?: ChildProcess; url: string } = { url: '' };
  test.beforeAll(async () => {
    Object.assign(double, await start(process.env.ATELIER_DOUBLE ?? join(dirname(process.env.ATELIER_BIN!), 'provider-double'), ['--port', '0']));
  });
  test.afterAll(async () => {
    if (double.child) await stop(double.child);
  });
  return double;
}

// As the provider `lab`.
export function withLab(): void {
  const double = withDouble();
  test.beforeEach(async ({ page }) => {
    const { items } = (await (await page.request.get('/api/providers')).json()) as { items: { name: string }[] };
    if (items.some(({ name }) => name === 'lab')) return;
    expect((await page.request.post('/api/providers', { data: { name: 'lab', preset: 'openai', base_url: `${double.url}/openai/v1`, key: 'sk-double', is_free: true } })).ok()).toBe(true);
    expect((await page.request.post('/api/providers/lab/check')).ok()).toBe(true);
  });
}
