// What the page shows first: all requests together. Its lines are asked for before the script that draws them has run, and
// before anything is laid out: how many points it has room for is estimated.
import type { Studio } from '$lib/state/studio.svelte';
import { queriesOf, together, type Answer } from './batch';
import { performanceCalls } from './calls';
import { spanOf, type View } from './range';
import { OWN_ROUTES } from './routes';

const SECONDS = `atelier_http_request_seconds{route="${OWN_ROUTES}"}`;
export const FIRST = {
  requests: 'atelier_http_requests_total:rate',
  errors: 'atelier_http_requests_total{status="5xx"}:rate',
  half: `${SECONDS}:p50`,
  most: `${SECONDS}:p95`,
  nearlyAll: `${SECONDS}:p99`,
} as const;
export const FIRST_FIGURES: ReadonlySet<string> = new Set(Object.values(FIRST));
export const FIRST_PANELS = ['allRequests', 'allLatency'] as const;

export interface First {
  view: View;
  askedMs: number; // by the clock of performance.now()
  answer: Promise<Answer>;
}

// Two charts beside each other, or below each other where there is no room.
const SIDE_BY_SIDE_PX = 990;
const PAGE_PX_MAX = 1_408;
const AROUND_PX = 150; // the rail, the axis, what is between
export const pointsIn = (width: number): number => (width < SIDE_BY_SIDE_PX ? width - AROUND_PX : (Math.min(width, PAGE_PX_MAX) - AROUND_PX) / 2 - 68);

export function askFirst(studio: Studio, view: View): First {
  const span = spanOf(view, Date.now());
  const query = queriesOf([{ figures: [...FIRST_FIGURES], points: pointsIn(innerWidth) }], span)[0]!;
  const answer = performanceCalls(studio.api).history(query).then((lines) => together([lines], span));
  answer.catch(() => {}); // whoever shows it says what went wrong
  return { view, askedMs: performance.now(), answer };
}
