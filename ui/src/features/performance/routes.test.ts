import { describe, expect, it } from 'vitest';
import type { Answer } from './batch';
import { Catalogue } from './figure';
import { busiestFirst, figureOf, routesOf, rowsOf, slowestFirst } from './routes';

const seconds = (route: string, stat: string): string => `atelier_http_request_seconds{route="${route}"}:${stat}`;
const routes = ['/api/a', '/api/b', '/api/c', '/api/d', '/api/events'];
const catalogue = new Catalogue(routes.flatMap((route) => ['rate', 'p50', 'p95', 'p99'].map((stat) => seconds(route, stat))));
const answer: Answer = {
  fromMs: 0, stepMs: 10_000, before: null, span: { fromMs: 0, toMs: 30_000 },
  lines: new Map([
    [seconds('/api/a', 'rate'), [1, 3, null]], [seconds('/api/a', 'p95'), [0.4, 0.8, null]],
    [seconds('/api/b', 'rate'), [0.1, 0, 0]], [seconds('/api/b', 'p95'), [2, null, null]],
    [seconds('/api/c', 'rate'), [0, 0, null]], [seconds('/api/c', 'p95'), [null, null, null]],
    [seconds('/api/events', 'rate'), [1, 1, 1]], [seconds('/api/events', 'p95'), [3600, 3600, 3600]],
  ]),
};

describe('routes that moved', () => {
  const rows = rowsOf(catalogue, answer);
  it('are told with their calls and how slow they were, weighed by how many came', () => {
    expect(rows).toEqual([{ route: '/api/a', calls: 40, p95: expect.closeTo(0.7, 9) as number }, { route: '/api/b', calls: 1, p95: 2 }]);
  });
  it('do not count streams, which last as long as a page is open', () => expect(routesOf(catalogue)).toEqual(['/api/a', '/api/b', '/api/c', '/api/d']));
  it('come slowest first, and busiest first', () => {
    expect(slowestFirst(rows).map(({ route }) => route)).toEqual(['/api/b', '/api/a']);
    expect(busiestFirst(rows).map(({ route }) => route)).toEqual(['/api/a', '/api/b']);
  });
  it('stand by their names where they are alike, and last without a time', () => {
    const alike = [{ route: '/z', calls: 1, p95: null }, { route: '/y', calls: 1, p95: 1 }, { route: '/x', calls: 1, p95: 1 }];
    expect(slowestFirst(alike).map(({ route }) => route)).toEqual(['/x', '/y', '/z']);
  });
  it('have the figures there are', () => {
    expect(figureOf(catalogue, '/api/a', 'p99')).toBe(seconds('/api/a', 'p99'));
    expect(figureOf(catalogue, '/api/none', 'p99')).toBeNull();
  });
});
