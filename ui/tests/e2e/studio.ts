// One built server for each file of tests, with a data folder of its own, and what the tests do with it again and again.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test as base, type Page } from '@playwright/test';

// In which themes what is particular to a page is held against the rules of access. Every page is in both, always
// (access.spec.ts), and so are the colours (contrast.test.ts); `./dev check` has all of it in both.
export const themes: readonly ('light' | 'dark')[] = process.env.ATELIER_ALL_THEMES ? ['light', 'dark'] : ['light'];

const START_MS = 15_000;
const STOP_MS = 5_000;

export interface Studio {
  url: string;
  port: string;
}

// A program that tells its address in a line of its output.
export async function start(binary: string, args: readonly string[]): Promise<{ child: ChildProcess; url: string }> {
  // The variables that steer these tests are none of the server's settings, and it refuses what it does not know. Keys of
  // whoever runs them would make providers.
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('ATELIER_') && !/_(API_KEY|BASE_URL)$/.test(key)));
  const child = spawn(binary, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => (said = (said + bytes.toString()).slice(-4000)));
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${binary} told no address within ${START_MS} ms: ${said}`)), START_MS);
    child.once('exit', (code) => reject(new Error(`${binary} ended with ${code}: ${said}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
      if (!address) return;
      clearTimeout(timer);
      resolve(address);
    });
  });
  return { child, url };
}

export async function stop(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(timer);
}

export const test = base.extend<{ console: string[] }, { studio: Studio; name: string }>({
  // Each file of tests names its own studio, so that none finds what another left.
  name: ['studio', { scope: 'worker', option: true }],
  studio: [
    async ({ name }, use) => {
      const binary = process.env.ATELIER_BIN;
      if (!binary) throw new Error('ATELIER_BIN names no server');
      const folder = mkdtempSync(join(tmpdir(), `atelier-e2e-${name}-`));
      const { child, url } = await start(binary, ['serve', '--listen', '127.0.0.1:0', '--data-dir', folder, '--set', 'models.find_local=false']);
      await use({ url, port: new URL(url).port });
      await stop(child);
      rmSync(folder, { recursive: true, force: true });
    },
    { scope: 'worker' },
  ],
  baseURL: async ({ studio }, use) => use(studio.url),
  // Nothing may be written to the console as an error: not by us, not by the security policy.
  console: [
    async ({ page }, use) => {
      const errors: string[] = [];
      page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
      page.on('pageerror', (error) => errors.push(error.message));
      await use(errors);
      expect(errors.filter((text) => !/status of 4\d\d|net::ERR_INTERNET_DISCONNECTED|net::ERR_CONNECTION|net::ERR_INCOMPLETE_CHUNKED|ERR_NETWORK_CHANGED/.test(text))).toEqual([]);
    },
    { auto: true },
  ],
});
export { expect };

export const twoScenes = 'The lamp is lit.\n\nThe ships come home.';

// Small and few frames, so that a test waits for the page and not for the encoder.
export async function create(page: Page, story: string, settings: Record<string, unknown> = {}): Promise<string> {
  const response = await page.request.post('/api/productions', { data: { story, settings: { size: '1080x1080', fps: 24, ...settings } } });
  expect(response.status(), await response.text()).toBe(201);
  return ((await response.json()) as { id: string }).id;
}

export async function renderToEnd(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Render/ }).click();
  await ready(page);
}
export async function ready(page: Page): Promise<void> {
  await expect(page.getByText('Ready', { exact: true })).toBeVisible({ timeout: 50_000 });
}

// The stream is the page's own: what is given to the function that comes back is what the page hears.
export async function feedEvents(page: Page): Promise<(text: string) => Promise<void>> {
  await page.addInitScript(() => {
    Object.defineProperty(globalThis, 'SharedWorker', { value: undefined });
    const plain = globalThis.fetch;
    globalThis.fetch = (input, init) => {
      if (!String(input).includes('/api/events')) return plain(input, init);
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          const feed = (text: string): void => controller.enqueue(new TextEncoder().encode(text));
          feed('id: 1-0\nevent: hello\ndata: {"topic":"","number":0,"data":{}}\n\n');
          Object.assign(globalThis, { feed });
        },
      });
      return Promise.resolve(new Response(body));
    };
  });
  return (text) => page.evaluate((said) => (globalThis as unknown as { feed: (text: string) => void }).feed(said), text);
}

// What moved without anybody's doing, from before the page's first script: how much, and what.
export async function watchShift(page: Page): Promise<void> {
  await page.addInitScript(() => {
    interface Shift extends PerformanceEntry {
      value: number;
      hadRecentInput: boolean;
      sources: readonly { node: Node | null }[];
    }
    const shifts: string[] = [];
    Object.assign(globalThis, { shifts });
    const name = ({ node }: { node: Node | null }): string => `${node?.nodeName} ${node instanceof Element ? node.className : ''} "${(node?.textContent ?? '').trim().slice(0, 40)}"`;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as Shift[]) if (!entry.hadRecentInput) shifts.push(`${entry.value.toFixed(5)}: ${entry.sources.map(name).join(', ')}`);
    }).observe({ type: 'layout-shift', buffered: true });
  });
}
export const shiftOf = (page: Page): Promise<string[]> => page.evaluate(() => (globalThis as unknown as { shifts: string[] }).shifts);

interface TraceEvent {
  name: string;
  pid: number;
  tid: number;
  tdur?: number;
  args: { name?: string };
}

// The longest task of the page's main thread during `work`, in milliseconds of processor time: a busy machine beside the
// test lengthens the clock's time, not this.
export async function longestTaskMs(page: Page, work: () => Promise<void>): Promise<number> {
  const browser = page.context().browser()!;
  await browser.startTracing(page, { categories: ['toplevel', 'disabled-by-default-devtools.timeline'] });
  await work();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const threadOf = (event: TraceEvent): string => `${event.pid}/${event.tid}`;
  const main = new Set(traceEvents.filter((event) => event.name === 'thread_name' && event.args.name === 'CrRendererMain').map(threadOf));
  const tasks = traceEvents.filter((event) => event.name.endsWith('RunTask') && main.has(threadOf(event)));
  expect(tasks.length, 'the trace has tasks').toBeGreaterThan(10);
  return Math.max(...tasks.map((event) => event.tdur ?? 0)) / 1000;
}

export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0);
}
