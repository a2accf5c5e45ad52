// Which time is looked at: the last so many minutes, moving with the clock, or a stretch that stands still. As the address
// has it: `?range=6h`, or `?from=...&to=...` beside it, in RFC 3339.
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export const RANGES = { '5m': 5 * MINUTE_MS, '1h': HOUR_MS, '6h': 6 * HOUR_MS, '24h': DAY_MS, '7d': 7 * DAY_MS, '30d': 30 * DAY_MS, '90d': 90 * DAY_MS } as const;
export type RangeId = keyof typeof RANGES;
export const USUAL: RangeId = '1h';
// The server's finest points are a second apart, and nothing is kept for longer than the longest range.
export const SPAN_MS_MIN = 10_000;
const SPAN_MS_MAX = RANGES['90d'];
// The server answers from its finest points that go back far enough. They go back as far as the range does: what is asked for is a little
// less, or it would be too old by the time it is asked.
const ON_THE_WAY_MS = 5_000;

export interface Span {
  fromMs: number;
  toMs: number;
}
export interface View {
  range: RangeId;
  zoom: Span | null;
}

const isRange = (text: string): text is RangeId => Object.hasOwn(RANGES, text);

export function readView(query: (name: string) => string): View {
  const range = query('range');
  const [fromMs, toMs] = [Date.parse(query('from')), Date.parse(query('to'))];
  const span = toMs - fromMs; // NaN where either is no time
  return { range: isRange(range) ? range : USUAL, zoom: span >= SPAN_MS_MIN && span <= SPAN_MS_MAX ? { fromMs, toMs } : null };
}

export const queryOf = ({ range, zoom }: View): Record<'range' | 'from' | 'to', string | null> => ({
  range: range === USUAL ? null : range,
  from: zoom && new Date(zoom.fromMs).toISOString(),
  to: zoom && new Date(zoom.toMs).toISOString(),
});

export const spanOf = ({ range, zoom }: View, now: number): Span => zoom ?? { fromMs: now - RANGES[range] + ON_THE_WAY_MS, toMs: now };

// What is shown ends now and is short enough to go on each second.
export const isMoving = ({ range, zoom }: View): boolean => !zoom && RANGES[range] <= HOUR_MS;

// 0: what is shown does not change any more. Of what moves: where it is not told as it goes on.
export function readAgainMs({ range, zoom }: View): number {
  if (zoom) return 0;
  if (isMoving({ range, zoom })) return 5_000;
  return RANGES[range] <= DAY_MS ? MINUTE_MS : 5 * MINUTE_MS;
}

// A stretch around a time or within two of them, no shorter than points are apart and not beyond now.
export function zoomTo(fromMs: number, toMs: number, now: number): Span {
  const middle = (fromMs + toMs) / 2;
  const span = Math.min(SPAN_MS_MAX, Math.max(SPAN_MS_MIN, toMs - fromMs));
  const end = Math.min(Math.round(middle + span / 2), now);
  return { fromMs: end - Math.round(span), toMs: end };
}
