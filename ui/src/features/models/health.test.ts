import { describe, expect, it } from 'vitest';
import type { ModelHealth } from '$lib/api/gateway-types';
import { firstTokenOf, stateOf, successOf } from './health';

const health = (more: Partial<ModelHealth>): ModelHealth => ({ is_available: true, breaker: 'closed', opens_in_ms: 0, is_account_fault: false, attempts: 4, failures: 1, success_rate: 0.75, first_token_ms: 120, first_token_p50_ms: 0, first_token_p95_ms: 0, whole_p50_ms: 0, whole_p95_ms: 0, in_flight: 0, last_error: '', last_error_at: null, ...more });

describe('how a model is doing', () => {
  it('tells the slow ones once there are enough to tell', () => {
    expect(firstTokenOf(health({}))).toBe('120 ms');
    expect(firstTokenOf(health({ first_token_p95_ms: 2400 }))).toBe('120 ms, p95 2.4 s');
    expect(firstTokenOf(health({ first_token_ms: 0.4 }))).toBe('<1 ms');
    expect(firstTokenOf(health({ first_token_ms: 0 }))).toBe('');
    expect(firstTokenOf(undefined)).toBe('');
  });
  it('tells no rate of nothing', () => {
    expect(successOf(health({}))).toBe('75% of 4');
    expect(successOf(health({ attempts: 1200, success_rate: 0.9967 }))).toBe('99.7% of 1,200');
    expect(successOf(health({ attempts: 0, success_rate: 1 }))).toBe('');
  });
  it('says when it is tried again, in whole seconds', () => {
    expect(stateOf(health({ is_available: false, breaker: 'open', opens_in_ms: 28_400 }))).toEqual({ tone: 'bad', word: 'Resting, tried again in 29 s' });
    expect(stateOf(health({ is_available: false, breaker: 'open', opens_in_ms: 598_000, is_account_fault: true })).word).toBe('Key refused or account empty, tried again in 9:58');
    expect(stateOf(health({ is_available: false, breaker: 'half_open' })).tone).toBe('warn');
    expect(stateOf(health({ attempts: 0 })).tone).toBe('quiet');
  });
});
