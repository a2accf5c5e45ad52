// Which routes moved in the time that is looked at, how often and how slowly.
import type { Answer } from './batch';
import type { Catalogue } from './figure';

const SECONDS = 'atelier_http_request_seconds';
export const LINES = 5;
// Of every route its rate and its p95 are read: with more than these, those that come first in the alphabet.
const ROUTES_MAX = 256;
// Answers that last as long as a page is open say nothing about how quick the studio is.
export const STREAMS: ReadonlySet<string> = new Set(['/api/events', '/api/performance/events', '']);
// All of the studio's own together (src/watch/history/joints.cpp), which end by themselves.
export const OWN_ROUTES = '/api/*';

export interface RouteRow {
  route: string;
  calls: number;
  p95: number | null; // seconds
}

export const routesOf = (catalogue: Catalogue): string[] => catalogue.of(SECONDS, 'rate').map(({ labels }) => labels.get('route') ?? '').filter((route) => !STREAMS.has(route) && route !== OWN_ROUTES).slice(0, ROUTES_MAX);

// Names of figures of one route, as the catalogue has them.
export function figureOf(catalogue: Catalogue, route: string, stat: 'rate' | 'p50' | 'p95' | 'p99'): string | null {
  return catalogue.of(SECONDS, stat).find(({ labels }) => labels.get('route') === route)?.name ?? null;
}

// Quantiles of parts have no exact whole: each part counts as often as there were calls in it.
export function rowsOf(catalogue: Catalogue, { lines, stepMs }: Answer): RouteRow[] {
  return routesOf(catalogue).flatMap((route) => {
    const rates = lines.get(figureOf(catalogue, route, 'rate') ?? '') ?? [];
    const slow = lines.get(figureOf(catalogue, route, 'p95') ?? '') ?? [];
    let [calls, weight, sum] = [0, 0, 0];
    rates.forEach((rate, at) => {
      if (!rate) return;
      calls += (rate * stepMs) / 1000;
      const p95 = slow[at] ?? null;
      if (p95 === null) return;
      weight += rate;
      sum += rate * p95;
    });
    return calls > 0 ? [{ route, calls: Math.max(1, Math.round(calls)), p95: weight > 0 ? sum / weight : null }] : [];
  });
}

const byName = (a: RouteRow, b: RouteRow): number => (a.route < b.route ? -1 : 1);
export const slowestFirst = (rows: readonly RouteRow[]): RouteRow[] => [...rows].sort((a, b) => (b.p95 ?? -1) - (a.p95 ?? -1) || byName(a, b));
export const busiestFirst = (rows: readonly RouteRow[]): RouteRow[] => [...rows].sort((a, b) => b.calls - a.calls || byName(a, b));
