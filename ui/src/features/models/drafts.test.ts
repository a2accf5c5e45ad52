import { describe, expect, it } from 'vitest';
import type { ModelRoute, Provider } from '$lib/api/gateway-types';
import { changeOf, draftOfProvider, draftOfRoute, readHeaders, routeOf, targetOf } from './drafts';

const stored: Provider = {
  name: 'lab', preset: 'openai', base_url: 'http://10.0.0.7/v1', key_variable: '', model_prefixes: ['a-', 'b-'], is_enabled: false, is_free: true, skips_tls_checks: true,
  first_byte_timeout_ms: 1500, stall_timeout_ms: 60000, has_key: true, key_end: 'beef', header_names: ['x-team'], trouble: '', is_from_environment: false, revision: 3,
};

describe('a provider’s form', () => {
  it('sends back all that was stored, and neither key nor headers that nobody typed', () => {
    expect(changeOf(draftOfProvider(stored, ''))).toEqual({
      preset: 'openai', base_url: 'http://10.0.0.7/v1', key_variable: '', model_prefixes: ['a-', 'b-'], is_enabled: false, is_free: true, skips_tls_checks: true,
      first_byte_timeout_ms: 1500, stall_timeout_ms: 60000,
    });
  });
  it('sends a key that was typed, and an empty one only to forget it', () => {
    const draft = draftOfProvider(stored, '');
    expect(changeOf({ ...draft, key: ' sk-new ', forgetsKey: true }).key).toBe('sk-new');
    expect(changeOf({ ...draft, forgetsKey: true }).key).toBe('');
    expect(changeOf(draft)).not.toHaveProperty('key');
  });
  it('leaves to the server what a new one does not say', () => {
    expect(changeOf(draftOfProvider(null, 'anthropic'))).toEqual({ preset: 'anthropic', base_url: '', key_variable: '', model_prefixes: [], is_enabled: true, is_free: false, skips_tls_checks: false });
  });
  it('reads headers a line each', () => {
    expect(readHeaders('X-Team: studio: 1\n\n x-b:2 ')).toEqual({ headers: { 'x-team': 'studio: 1', 'x-b': '2' }, wrongLine: 0 });
    expect(readHeaders('a: 1\nnonsense').wrongLine).toBe(2);
  });
});

describe('a route’s form', () => {
  const route: ModelRoute = { name: 'fast', revision: 1, created_at: '', updated_at: '', strategy: 'weighted', targets: [{ provider: 'openrouter', model: 'qwen/qwen3', weight: 2.5 }], cache_life_s: 60, hedges: true, shares_equal: true };
  it('gives back what it was given', () => {
    expect(routeOf(draftOfRoute(route))).toEqual({ strategy: 'weighted', targets: [{ provider: 'openrouter', model: 'qwen/qwen3', weight: 2.5 }], cache_life_s: 60, hedges: true, shares_equal: true });
  });
  it('is none until every candidate is one', () => {
    expect(routeOf(draftOfRoute(null))).toBeNull();
    expect([targetOf('gpt-5'), targetOf('/x'), targetOf('x/'), targetOf(' a/b/c ')]).toEqual([null, null, null, { provider: 'a', model: 'b/c' }]);
  });
});
