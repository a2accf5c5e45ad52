import { describe, expect, it } from 'vitest';
import type { UsageRow } from '$lib/api/gateway-types';
import { barsOf, everyDay, firstDay, heaviestFirst, inputOf, outputOf } from './days';

const row = (more: Partial<UsageRow>): UsageRow => ({ day: null, key: null, provider: '', model: '', calls: 1, failed: 0, aborted: 0, cached: 0, unpriced: 0, input: 0, cached_read: 0, cached_write: 0, output: 0, reasoning: 0, other_media: 0, cost: '0.00', ...more });

describe('usage', () => {
  it('counts days in UTC, today among them', () => {
    const now = Date.parse('2026-03-01T23:30:00Z');
    expect([firstDay(now, 1), firstDay(now, 30)]).toEqual(['2026-03-01', '2026-01-31']);
  });
  it('shows days without calls too, oldest first', () => {
    const bars = barsOf([row({ day: '2026-02-27', cost: '0.000000000002' }), row({ day: '2026-03-01', cost: '0.000000000001' })], 'day', 'cost');
    expect(everyDay(bars, '2026-02-27', '2026-03-02').map(({ id, share }) => [id, share])).toEqual([['2026-02-27', 1], ['2026-02-28', 0], ['2026-03-01', 0.5], ['2026-03-02', 0]]);
  });
  it('counts every token once, and weighs by what is asked', () => {
    const thinker = row({ provider: 'a', model: 'm/x', input: 5, cached_read: 3, cached_write: 2, output: 4, reasoning: 6, other_media: 1, cost: '0.01' });
    const dear = row({ provider: 'b', model: 'n', input: 1, cost: '12345678901234.000000000001' });
    expect([inputOf(thinker), outputOf(thinker)]).toEqual([10, 10]);
    expect(heaviestFirst(barsOf([thinker, dear], 'model', 'cost'), 'cost').map(({ id }) => id)).toEqual(['b/n', 'a/m/x']);
    expect(heaviestFirst(barsOf([dear, thinker], 'model', 'tokens'), 'tokens').map(({ id }) => id)).toEqual(['a/m/x', 'b/n']);
    expect(barsOf([row({})], 'key', 'tokens')[0]).toMatchObject({ id: '', share: 0 });
  });
});
