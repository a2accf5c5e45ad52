import { expect, it } from 'vitest';
import type { Api } from '$lib/api/client';
import { markOf, rowsOf } from './vitals';
import { VitalsState } from './vitals.svelte';

const figure = (metric: 'LCP' | 'CLS', page: string, device: string, p75: number, count: number) => ({ metric, page, device, count, p75, good: 2.5, poor: 4, element: '' });

it('what browsers measured is a row for each page and device, the most seen first', () => {
  const rows = rowsOf([figure('LCP', 'chat', 'phone', 1, 3), figure('LCP', 'shorts', 'desktop', 5, 9), figure('CLS', 'chat', 'phone', 0.05, 4)]);
  expect(rows.map(({ page, views }) => [page, views])).toEqual([['shorts', 9], ['chat', 4]]);
  expect(Object.keys(rows[1]!.cells)).toEqual(['LCP', 'CLS']);
});
it('what is on the line is still good', () => {
  expect([2.5, 2.6, 4, 4.1].map((p75) => markOf({ p75, good: 2.5, poor: 4 }))).toEqual(['good', 'middling', 'middling', 'poor']);
});
it('of two windows the one that was chosen last is shown', async () => {
  const answers = new Map<string, (items: unknown[]) => void>();
  const api = { call: (_: string, path: string) => new Promise((resolve) => answers.set(path, (items) => resolve({ items, next: '' }))) };
  const vitals = new VitalsState(api as unknown as Api);
  const both = [vitals.read('28d'), vitals.read('24h')];
  answers.get('/api/performance/pages?window=24h')!([figure('LCP', 'chat', 'phone', 1, 3)]);
  answers.get('/api/performance/pages?window=28d')!([figure('LCP', 'chat', 'phone', 5, 300)]);
  await Promise.all(both);
  expect(vitals.rows?.map(({ views }) => views)).toEqual([3]);
});
