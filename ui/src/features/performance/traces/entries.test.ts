import { afterEach, expect, it, vi } from 'vitest';
import type { Api } from '$lib/api/client';
import { Entries } from './entries.svelte';

const entry = (route: string, took_us: number, at: number, method = 'GET') => ({ trace: `${at}`, span: `${at}`, name: `${method} ${route}`, began_at: new Date(at).toISOString(), took_us, fault: '', facts: { 'http.route': route } });
const pages: Record<string, unknown[]> = { '': [entry('/api/events', 900, 1), entry('/api/runs', 5, 2), entry('/api/assets', 8, 3), { ...entry('', 6, 5), name: 'run generation', facts: {} }], 'GET /api/events': [entry('/api/events', 900, 1)], 'POST /api/runs': [entry('/api/runs', 7, 4, 'POST')], 'GET /api/runs': [entry('/api/runs', 5, 2)] };
const call = vi.fn((_method: string, path: string) => Promise.resolve({ items: pages[new URLSearchParams(path.split('?')[1]).get('name') ?? ''] ?? [], next: '' }));
const view = { range: '1h', zoom: { fromMs: 0, toMs: 20_000 } } as const; // stands still: read once
const told = async (names: string[], order: 'newest' | 'slowest'): Promise<string[]> => {
  const entries = new Entries({ call } as unknown as Api);
  entries.show(view, names, { order, outcome: 'any', of: '' });
  await vi.waitFor(() => expect(entries.items).not.toBeNull());
  return entries.items!.map(({ name, took_us }) => `${name} ${took_us}`);
};
afterEach(() => call.mockClear());

it('entries leave out streams, which last as long as a page is open, unless they are asked for', async () => {
  expect(await told([''], 'slowest')).toEqual(['GET /api/assets 8', 'run generation 6', 'GET /api/runs 5']);
  expect(await told(['GET /api/events'], 'slowest')).toEqual(['GET /api/events 900']);
});
it('entries of a route are those of all its methods, in one order', async () => {
  expect(await told(['GET /api/runs', 'POST /api/runs'], 'slowest')).toEqual(['POST /api/runs 7', 'GET /api/runs 5']);
  expect(await told(['GET /api/runs', 'POST /api/runs'], 'newest')).toEqual(['POST /api/runs 7', 'GET /api/runs 5']);
  expect(call.mock.calls.every(([, path]) => path.includes('from=1970-01-01') && path.includes('outcome=any'))).toBe(true);
});
