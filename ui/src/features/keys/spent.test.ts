import { describe, expect, it } from 'vitest';
import type { UsageRow } from '$lib/api/gateway-types';
import { allowanceOf, beginsOf, spentOf } from './spent';

const row = (key: string | null, cost: string): UsageRow => ({ day: null, key, provider: '', model: '', calls: 1, failed: 0, aborted: 0, cached: 0, unpriced: 0, input: 0, cached_read: 0, cached_write: 0, output: 0, reasoning: 0, other_media: 0, cost });

describe('what keys spent', () => {
  it('counts days and months in UTC', () => {
    expect(beginsOf(Date.parse('2026-02-28T23:59:59Z'))).toEqual({ day: '2026-02-28', month: '2026-02-01' });
  });
  it('sums exactly, and leaves out what had no key', () => {
    const spent = spentOf([row('a', '0.1'), row('a', '0.2'), row(null, '5'), row('b', '0')]);
    expect([...spent]).toEqual([['a', 300_000_000_000n], ['b', 0n]]);
    expect(allowanceOf(spent, 'a', '0.60')).toEqual({ used: 300_000_000_000n, share: 0.5 });
    expect(allowanceOf(spent, 'a', '0.10').share).toBe(1);
    expect(allowanceOf(spent, 'c', '1.00')).toEqual({ used: 0n, share: 0 });
  });
  it('has an allowance of nothing spent from the beginning', () => {
    expect(allowanceOf(new Map(), 'a', '0.00').share).toBe(1);
    expect(allowanceOf(undefined, 'a', '1.00')).toEqual({ used: null, share: 0 });
  });
});
