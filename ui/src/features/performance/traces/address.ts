// What the page's address says of its list of traces.
import type { Catalogue } from '../figure';

export type Order = 'newest' | 'slowest';
export type Outcome = 'any' | 'failed';
export interface Wanted {
  order: Order;
  outcome: Outcome;
  of: string; // a route, "/api/runs", or the name of an entry, "run production.render"; empty: all
}

export const readWanted = (query: (name: string) => string): Wanted => ({
  order: query('order') === 'slowest' ? 'slowest' : 'newest',
  outcome: query('outcome') === 'failed' ? 'failed' : 'any',
  of: query('of'),
});

// As a trace's id is written; empty: none is meant.
export const readTrace = (query: (name: string) => string): string => (/^[0-9a-f]{32}$/.test(query('trace')) ? query('trace') : '');

// What the address says of the slowest of a route.
export const slowestOf = (route: string): Record<'order' | 'outcome' | 'of', string | null> => ({ order: 'slowest', outcome: null, of: route });

// And of those of it that failed.
export const failedOf = (route: string): Record<'order' | 'outcome' | 'of', string | null> => ({ order: null, outcome: 'failed', of: route });

// Names of the entries that are meant: of a route one for each method that it answered.
const METHODS_MAX = 6;
export function namesOf(of: string, catalogue: Catalogue): string[] {
  if (!of.startsWith('/')) return [of];
  const methods = new Set(catalogue.of('atelier_http_requests_total', 'rate').filter(({ labels }) => labels.get('route') === of).map(({ labels }) => labels.get('method') ?? 'GET'));
  return (methods.size > 0 ? [...methods] : ['GET', 'POST']).slice(0, METHODS_MAX).map((method) => `${method} ${of}`);
}
