// Which routes moved in the time that is looked at, how often, how slowly, and how often they failed.
import type { Answer } from './batch';
import type { Catalogue } from './figure';

const SECONDS = 'atelier_http_request_seconds';
const REQUESTS = 'atelier_http_requests_total';
export const LINES = 5;
// Of every route its rate and its p95 are read: with more than these, those that come first in the alphabet.
const ROUTES_MAX = 256;
// Answers that last as long as a page is open say nothing about how quick the studio is.
export const isStream = (route: string): boolean => route === '' || route.endsWith('/events');
// All of the studio's own together (src/watch/history/joints.cpp), which end by themselves.
export const OWN_ROUTES = '/api/*';

export interface RouteRow {
  route: string;
  calls: number;
  p95: number | null; // seconds
  failed: number; // answered with a server error
}

export const routesOf = (catalogue: Catalogue): string[] => catalogue.of(SECONDS, 'rate').map(({ labels }) => labels.get('route') ?? '').filter((route) => !isStream(route) && route !== OWN_ROUTES).slice(0, ROUTES_MAX);

// Names of figures of one route, as the catalogue has them.
export function figureOf(catalogue: Catalogue, route: string, stat: 'rate' | 'p50' | 'p95' | 'p99'): string | null {
  return catalogue.of(SECONDS, stat).find(({ labels }) => labels.get('route') === route)?.name ?? null;
}

// Of its server errors, one for each method: there are none until one came.
export const failuresOf = (catalogue: Catalogue, route: string): string[] =>
  catalogue.of(REQUESTS, 'rate').filter(({ labels }) => labels.get('route') === route && labels.get('status') === '5xx').map(({ name }) => name);

// Quantiles of parts have no exact whole: each part counts as often as there were calls in it.
export function rowsOf(catalogue: Catalogue, { lines, ran }: Answer): RouteRow[] {
  const countOf = (rates: readonly (number | null)[]): number => rates.reduce<number>((count, rate, at) => count + (rate ?? 0) * (ran[at] ?? 0), 0);
  return routesOf(catalogue).flatMap((route) => {
    const rates = lines.get(figureOf(catalogue, route, 'rate') ?? '') ?? [];
    const slow = lines.get(figureOf(catalogue, route, 'p95') ?? '') ?? [];
    const calls = countOf(rates);
    let [weight, sum] = [0, 0];
    rates.forEach((rate, at) => {
      if (!rate) return;
      const p95 = slow[at] ?? null;
      if (p95 === null) return;
      weight += rate;
      sum += rate * p95;
    });
    if (calls === 0) return [];
    const failed = failuresOf(catalogue, route).reduce((count, figure) => count + countOf(lines.get(figure) ?? []), 0);
    return [{ route, calls: Math.max(1, Math.round(calls)), p95: weight > 0 ? sum / weight : null, failed: failed > 0 ? Math.max(1, Math.round(failed)) : 0 }];
  });
}

const byName = (a: RouteRow, b: RouteRow): number => (a.route < b.route ? -1 : 1);
export const slowestFirst = (rows: readonly RouteRow[]): RouteRow[] => [...rows].sort((a, b) => (b.p95 ?? -1) - (a.p95 ?? -1) || byName(a, b));
export const busiestFirst = (rows: readonly RouteRow[]): RouteRow[] => [...rows].sort((a, b) => b.calls - a.calls || byName(a, b));
export const failingFirst = (rows: readonly RouteRow[]): RouteRow[] => rows.filter(({ failed }) => failed > 0).sort((a, b) => b.failed - a.failed || byName(a, b));
