import { describe, expect, it } from 'vitest';
import type { Answer } from './batch';
import { Catalogue } from './figure';
import { busiestFirst, failingFirst, figureOf, routesOf, rowsOf, slowestFirst, type RouteRow } from './routes';

const seconds = (route: string, stat: string): string => `atelier_http_request_seconds{route="${route}"}:${stat}`;
const requests = (method: string, route: string, status: string): string => `atelier_http_requests_total{method="${method}",route="${route}",status="${status}"}:rate`;
const routes = ['/api/a', '/api/b', '/api/c', '/api/d', '/api/events', '/performance/events', '/api/generations/{id}/events'];
const failures = [requests('GET', '/api/a', '2xx'), requests('GET', '/api/a', '5xx'), requests('POST', '/api/a', '5xx'), requests('GET', '/api/b', '4xx'), requests('GET', '/api/b', '5xx')];
const catalogue = new Catalogue([...routes.flatMap((route) => ['rate', 'p50', 'p95', 'p99'].map((stat) => seconds(route, stat))), ...failures]);
const answer: Answer = {
  fromMs: 0, stepMs: 10_000, ran: [10, 10, 10], before: null, span: { fromMs: 0, toMs: 30_000 },
  lines: new Map([
    [seconds('/api/a', 'rate'), [1, 3, null]], [seconds('/api/a', 'p95'), [0.4, 0.8, null]],
    [seconds('/api/b', 'rate'), [0.1, 0, 0]], [seconds('/api/b', 'p95'), [2, null, null]],
    [seconds('/api/c', 'rate'), [0, 0, null]], [seconds('/api/c', 'p95'), [null, null, null]],
    [failures[0]!, [1, 3, null]], [failures[1]!, [0.3, null, 0]], [failures[2]!, [0, 0.1, null]], [failures[3]!, [0.1, 0, 0]], [failures[4]!, [0, null, 0]],
    [seconds('/api/events', 'rate'), [1, 1, 1]], [seconds('/api/events', 'p95'), [3600, 3600, 3600]],
  ]),
};

describe('routes that moved', () => {
  const rows = rowsOf(catalogue, answer);
  it('are told with their calls and how slow they were, weighed by how many came', () => {
    expect(rows).toEqual([{ route: '/api/a', calls: 40, p95: expect.closeTo(0.7, 9) as number, failed: 4 }, { route: '/api/b', calls: 1, p95: 2, failed: 0 }]);
  });
  it('are counted for as long as the studio ran', () => {
    // Begun four seconds before the second step ended, and looked at three seconds into the third.
    const young: Answer = { ...answer, ran: [0, 4, 3], lines: new Map([[seconds('/api/a', 'rate'), [null, 0.5, 1]], [failures[1]!, [null, 0.25, 1]]]) };
    expect(rowsOf(catalogue, young)).toEqual([{ route: '/api/a', calls: 5, p95: null, failed: 4 }]);
  });
  it('that failed come most often first, and no others', () => {
    const [a, b] = rows as [RouteRow, RouteRow];
    expect(failingFirst([b, a, { ...a, route: '/api/c', failed: 9 }]).map(({ route }) => route)).toEqual(['/api/c', '/api/a']);
  });
  it('do not count streams, which last as long as a page is open', () => expect(routesOf(catalogue)).toEqual(['/api/a', '/api/b', '/api/c', '/api/d']));
  it('come slowest first, and busiest first', () => {
    expect(slowestFirst(rows).map(({ route }) => route)).toEqual(['/api/b', '/api/a']);
    expect(busiestFirst(rows).map(({ route }) => route)).toEqual(['/api/a', '/api/b']);
  });
  it('stand by their names where they are alike, and last without a time', () => {
    const alike = [{ route: '/z', calls: 1, p95: null, failed: 0 }, { route: '/y', calls: 1, p95: 1, failed: 0 }, { route: '/x', calls: 1, p95: 1, failed: 0 }];
    expect(slowestFirst(alike).map(({ route }) => route)).toEqual(['/x', '/y', '/z']);
  });
  it('have the figures there are', () => {
    expect(figureOf(catalogue, '/api/a', 'p99')).toBe(seconds('/api/a', 'p99'));
    expect(figureOf(catalogue, '/api/none', 'p99')).toBeNull();
  });
});
