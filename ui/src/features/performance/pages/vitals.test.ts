import { expect, it } from 'vitest';
import { markOf, rowsOf } from './vitals';

const figure = (metric: 'LCP' | 'CLS', page: string, device: string, p75: number, count: number) => ({ metric, page, device, count, p75, good: 2.5, poor: 4, element: '' });

it('what browsers measured is a row for each page and device, the most seen first', () => {
  const rows = rowsOf([figure('LCP', 'chat', 'phone', 1, 3), figure('LCP', 'shorts', 'desktop', 5, 9), figure('CLS', 'chat', 'phone', 0.05, 4)]);
  expect(rows.map(({ page, views }) => [page, views])).toEqual([['shorts', 9], ['chat', 4]]);
  expect(Object.keys(rows[1]!.cells)).toEqual(['LCP', 'CLS']);
});
it('what is on the line is still good', () => {
  expect([2.5, 2.6, 4, 4.1].map((p75) => markOf({ p75, good: 2.5, poor: 4 }))).toEqual(['good', 'middling', 'middling', 'poor']);
});
