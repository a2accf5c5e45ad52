// Days as the server counts them, in UTC, and rows of usage made ready to be drawn. Plain, so that it is tested without a browser.
import type { TokenCounts, UsageRow } from '$lib/api/gateway-types';
import type { Grouping } from '$lib/gateway/calls';
import { parseMoney, shareOf } from '$lib/gateway/money';

const DAY_MS = 86_400_000;
const DAYS_MAX = 400;

export const dayText = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
// The first of `days` days, of which the last is today.
export const firstDay = (now: number, days: number): string => dayText(now - (days - 1) * DAY_MS);

export type Measure = 'cost' | 'tokens';
export interface Bar {
  id: string;
  row: UsageRow;
  share: number; // 0 to 1, of the longest
}
export type Day = Pick<Bar, 'id' | 'share'>;

export const inputOf = (row: TokenCounts): number => row.input + row.cached_read + row.cached_write;
export const outputOf = (row: TokenCounts): number => row.output + row.reasoning;
const sizeOf = (row: UsageRow, measure: Measure): bigint => (measure === 'cost' ? (parseMoney(row.cost) ?? 0n) : BigInt(inputOf(row) + outputOf(row) + row.other_media));

// The day, provider/model, or key's id; '' for calls that had none.
export function idOf(row: UsageRow, by: Grouping): string {
  if (by === 'day') return row.day ?? '';
  if (by === 'key') return row.key ?? '';
  return [row.provider, row.model].filter(Boolean).join('/');
}

export function barsOf(rows: readonly UsageRow[], by: Grouping, measure: Measure): Bar[] {
  const longest = rows.reduce((most, row) => (sizeOf(row, measure) > most ? sizeOf(row, measure) : most), 0n);
  return rows.map((row) => ({ id: idOf(row, by), row, share: shareOf(sizeOf(row, measure), longest) }));
}

// Oldest first, with the days that have no calls.
export function everyDay(bars: readonly Day[], from: string, to: string): Day[] {
  const known = new Map(bars.map((bar) => [bar.id, bar]));
  const days: Day[] = [];
  for (let at = Date.parse(from); at <= Date.parse(to) && days.length < DAYS_MAX; at += DAY_MS) days.push(known.get(dayText(at)) ?? { id: dayText(at), share: 0 });
  return days;
}

// What weighs most first.
export const heaviestFirst = (bars: readonly Bar[], measure: Measure): Bar[] =>
  [...bars].sort((a, b) => {
    const difference = sizeOf(b.row, measure) - sizeOf(a.row, measure);
    return difference > 0n ? 1 : difference < 0n ? -1 : b.row.calls - a.row.calls;
  });
