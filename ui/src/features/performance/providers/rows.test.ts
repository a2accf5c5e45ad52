import { describe, expect, it } from 'vitest';
import type { ProviderFigures } from '$lib/api/overview-types';
import { rowsOf, savingsOf } from './rows';

const figures = (model: string, more: Partial<ProviderFigures> = {}): ProviderFigures => ({
  provider: 'p', model, is_local: false, attempts: 10, failures: 0, success_rate: 1, first_token_p50_ms: 100, first_token_p95_ms: 200, whole_p50_ms: 0, whole_p95_ms: 0, in_flight: 0, breaker: 'closed',
  usage: { calls: 12, failed: 0, aborted: 0, cached: 0, unpriced: 0, cost: '1.20', cost_per_answer: '0.10' }, ...more,
});

describe('models side by side', () => {
  it('tell who does best of a column, where somebody does', () => {
    const [a, b] = rowsOf([figures('a', { first_token_p50_ms: 300, success_rate: 0.9 }), figures('b')]);
    expect([...a!.best]).toEqual([]);
    expect([...b!.best]).toEqual(['success', 'first']);
  });
  it('compare only those that were asked often enough', () => {
    const rows = rowsOf([figures('a'), figures('b', { first_token_p50_ms: 300 }), figures('lucky', { attempts: 1, first_token_p50_ms: 1 })]);
    expect(rows.map(({ best }) => best.has('first'))).toEqual([true, false, false]);
  });
  it('say nothing of what was never measured', () => {
    const [row] = rowsOf([figures('a', { attempts: 0, first_token_p50_ms: 0, usage: null })]);
    expect(row!.figures).toEqual({ success: null, first: null, whole: null, perAnswer: null });
    expect(row!.calls).toBe(0);
  });
  it('do not take calls whose price nobody knows for free', () => {
    const known = (unpriced: number, cost: string) => rowsOf([figures('a', { usage: { calls: 12, failed: 0, aborted: 0, cached: 0, unpriced, cost, cost_per_answer: null } })])[0]!.costIsKnown;
    expect([known(0, '0.00'), known(12, '0.00'), known(3, '1.20')]).toEqual(['whole', 'not', 'part']);
  });
  it('know that what is local costs nothing', () => expect(rowsOf([figures('a', { is_local: true, usage: null })])[0]!.figures.perAnswer).toBe(0));
});

describe('savings', () => {
  const caches = { answers: { hits: 3, misses: 1, hit_rate: 0.75, joined: 0, entries: 1, size_bytes: 9, saved: '0.50' }, prompts: null, results: { hits: 0, misses: 0, hit_rate: null, shared: 0, size_bytes: 0 } };
  it('are those that are known', () => expect(savingsOf(caches).map(({ id, saved, all }) => [id, saved, all])).toEqual([['answers', '0.50', 4], ['results', null, 0]]));
});
