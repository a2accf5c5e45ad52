import { describe, expect, it } from 'vitest';
import type { Budget, Objective } from '$lib/api/objective-types';
import { budgetTone, directionOf, formatLength, formatRate, formatShare, formatSpent, formatTrend, formatValue, toneOf, worseBy } from './tell';

const objective: Objective = {
  name: 'api', title: 'Requests', target: 0.999, required: 0.99, window_seconds: 30 * 86_400, event_count: 1_000, bad_count: 0, share: 1, share_hour: 1,
  budget_left: 1, required_budget_left: 1, burns: [], burning: null, spent_in_seconds: null,
};
const budget: Budget = {
  name: 'p95', title: 'p95', unit: 'seconds', limit: 0.1, required: 0.5, value: 0.05, verdict: 'pass', required_verdict: 'pass', points: [], trend: null, since_version: null, is_regressed: false,
};

describe('an objective', () => {
  it('is told no better than it is', () => {
    expect([1, 0.999996, 0.9995, 0.5, null].map(formatShare)).toEqual(['100%', '99.999%', '99.95%', '50%', '–']);
  });
  it('says how it stands', () => {
    expect(toneOf(objective)).toBe('kept');
    expect(toneOf({ ...objective, burning: 'ticket' })).toBe('ticket');
    expect(toneOf({ ...objective, burning: 'page', budget_left: -0.1 })).toBe('spent');
    expect(toneOf({ ...objective, event_count: 0 })).toBe('none');
  });
  it('says when its error budget will be spent', () => {
    expect(formatSpent(objective)).toBe('not at this rate');
    expect(formatSpent({ ...objective, spent_in_seconds: 40 * 86_400 }), 'forgotten before').toBe('not at this rate');
    expect(formatSpent({ ...objective, spent_in_seconds: 3 * 86_400 + 5 })).toBe('in 3 d');
    expect(formatSpent({ ...objective, spent_in_seconds: 0 })).toBe('it is spent');
    expect(formatSpent({ ...objective, event_count: 0 })).toBe('–');
    expect([47 * 3_600, 90 * 60, 20].map(formatLength)).toEqual(['47 h', '90 min', '1 min']);
  });
  it('tells burn rates in two digits', () => expect([0, 0.06, 14.4, 250, null].map(formatRate)).toEqual(['0×', '0.06×', '14×', '250×', '–']));
});

describe('a budget', () => {
  it('over ours and within what is required is neither', () => {
    expect(budgetTone(budget)).toBe('pass');
    expect(budgetTone({ ...budget, verdict: 'fail' })).toBe('over');
    expect(budgetTone({ ...budget, verdict: 'fail', required_verdict: 'fail' })).toBe('fail');
    expect(budgetTone({ ...budget, verdict: 'no_data', required_verdict: 'no_data' })).toBe('no_data');
  });
  it('tells its figure in its unit', () => {
    expect(formatValue(0.0523, 'seconds')).toBe('52.3 ms');
    expect(formatValue(0.0123, 'number')).toBe('0.0123');
    expect(formatValue(0.0123, 'share')).toBe('1.23%');
    expect(formatValue(256_000, 'bytes')).toBe('256 kB');
  });
  it('tells its trend, and small changes are none', () => {
    expect(formatTrend({ now: 1.5, before: 1 })).toBe('50% over the day before');
    expect(formatTrend({ now: 0.5, before: 1 })).toBe('50% under the day before');
    expect(formatTrend({ now: 1.01, before: 1 })).toBe('as the day before');
    expect(formatTrend(null)).toBe('no day to compare with');
    expect(directionOf({ now: 1, before: 0 })).toBe('same');
    expect(worseBy({ now: 1.3, before: 1 })).toBe('30%');
  });
});
