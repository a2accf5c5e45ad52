import { describe, expect, it } from 'vitest';
import type { ModelHealth, RouteCandidate, RouteStanding } from '$lib/api/gateway-types';
import { figureWords, markOf, servedWords, turnWords } from './standing';

const health: ModelHealth = {
  is_available: true, breaker: 'closed', opens_in_ms: 0, is_account_fault: false, attempts: 40, failures: 2, success_rate: 0.95, first_token_ms: 400, first_token_p50_ms: 350, first_token_p95_ms: 1200,
  whole_p50_ms: 9000, whole_p95_ms: 0, in_flight: 0, last_error: '', last_error_at: null,
};
const candidate = (change: Partial<RouteCandidate> = {}): RouteCandidate => ({
  name: 'lab/a', provider: 'lab', model: 'a', weight: 1, turn: 0, chance: 1, is_local: false, health, rates: [], hour: { attempts: 5, answered: 3 }, day: { attempts: 0, answered: 0 }, ...change,
});
const route = (answered: number): RouteStanding => ({ name: 'fast', strategy: 'ordered', hour: { attempts: 9, answered }, day: { attempts: 0, answered: 0 }, candidates: [] });

describe('a candidate in words', () => {
  it('has its turn, or its chance', () => {
    expect(turnWords(candidate(), 'ordered')).toBe('asked first now');
    expect(turnWords(candidate({ turn: 2 }), 'ordered')).toBe('asked as number 3');
    expect(turnWords(candidate({ chance: 0.25 }), 'weighted')).toBe('asked first for 25% of calls');
    expect(turnWords(candidate({ turn: null, chance: 0 }), 'weighted')).toBe('passed over now');
  });
  it('has what it served, of all that was', () => {
    expect(servedWords(candidate(), route(6), 'hour')).toBe('50% of the answers (3), 2 failed');
    expect(servedWords(candidate({ hour: { attempts: 0, answered: 0 } }), route(6), 'hour')).toBe('served nothing');
    expect(servedWords(candidate(), route(6), 'day')).toBe('no calls');
    expect(servedWords(candidate({ hour: { attempts: 2, answered: 0 } }), route(0), 'hour')).toBe('0% of the answers (0), 2 failed');
  });
  it('has figures that are known, the first token of what streams and the end of what does not', () => {
    expect(figureWords(candidate())).toEqual(['95% of 40 good', 'first token 350 ms, p95 1.2 s', 'free']);
    expect(figureWords(candidate({ health: { ...health, first_token_p50_ms: 0 }, rates: null }))).toEqual(['95% of 40 good', 'answer 9.0 s', 'price unknown']);
    expect(figureWords(candidate({ health: { ...health, attempts: 0, first_token_p50_ms: 0, whole_p50_ms: 0 } }))).toEqual(['free']);
    expect(figureWords(candidate({ health: null }))).toEqual([]);
    expect(markOf(candidate({ health: null })).word).toBe('its provider is not set up');
  });
});
