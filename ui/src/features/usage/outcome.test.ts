import { describe, expect, it } from 'vitest';
import type { Call, CallAttempt } from '$lib/api/gateway-types';
import { attemptOutcome, faceWord, outcomeOf, readable } from './outcome';

const attempt = (more: Partial<CallAttempt>): CallAttempt => ({ candidate: 'lab/m', fault: '', status: 200, began_ms: 0, total_ms: 5, first_token_ms: null, ...more });
const call = (more: Partial<Call>): Call => ({
  number: 1, at: '2026-03-01T00:00:00Z', key: null, face: 'openai_chat', asked: 'm', route: '', provider: 'lab', model: 'm', attempts: [], status: 200, fault: '', is_aborted: false, is_streamed: false, is_cached: false,
  total_ms: 5, first_token_ms: null, usage: { input: 0, cached_read: 0, cached_write: 0, output: 0, reasoning: 0, other_media: 0, is_estimated: false }, cost: null, request_id: '', trace: '', has_texts: false, ...more,
});

describe('a call in words', () => {
  it('says why it failed, also where the reason is new to this page', () => {
    expect(outcomeOf(call({ fault: 'requests_per_minute', status: 429 }))).toEqual({ tone: 'bad', word: 'Key’s requests used up' });
    expect(outcomeOf(call({ fault: 'some_new_reason', status: 400 })).word).toBe('Some new reason');
    expect(outcomeOf(call({ status: 500 })).word).toBe('Failed');
    expect(outcomeOf(call({ is_cached: true })).tone).toBe('ok');
    expect([faceWord('anthropic'), faceWord('openai_embeddings')]).toEqual(['Anthropic messages', 'Openai embeddings']);
  });
  it('does not say that an attempt answered whose caller had left', () => {
    const attempts = [attempt({ fault: 'provider_overloaded', status: 503 }), attempt({})];
    const left = call({ attempts, is_aborted: true, fault: 'cancelled', status: 499 });
    expect(attempts.map((one) => attemptOutcome(left, one).word)).toEqual(['Provider overloaded 503', 'Left early']);
    expect(attemptOutcome(call({ attempts }), attempts[1]!)).toEqual({ tone: 'ok', word: 'answered' });
    expect(attemptOutcome(left, attempt({ fault: 'provider_unreachable', status: 0 })).word).toBe('Provider not reached');
    expect(attemptOutcome(call({}), attempt({ fault: 'hedge_lost', status: 0 }))).toEqual({ tone: 'warn', word: 'another was quicker' });
  });
  it('lays out what is JSON, and leaves the rest', () => {
    expect(readable('{"a":1}')).toBe('{\n  "a": 1\n}');
    expect(readable('data: {"a":1}')).toBe('data: {"a":1}');
  });
});
