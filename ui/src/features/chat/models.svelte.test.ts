import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Model, ModelPage } from '$lib/api/gateway-types';
import { Problem } from '$lib/api/problem';
import type { Studio } from '$lib/state/studio.svelte';
import { lineOf, ModelChoices } from './models.svelte';

function house() {
  const state = { items: [] as Model[], providers: [] as ModelPage['providers'], isOff: false, reads: 0 };
  const call = async (): Promise<unknown> => {
    state.reads += 1;
    if (state.isOff) throw new Problem({ code: 'offline' });
    return { items: state.items, next: '', providers: state.providers };
  };
  const choices = new ModelChoices({ api: { call, tell: async () => {} }, drafts: { read: () => null, write: () => {} } } as unknown as Studio);
  return { state, choices };
}
const guide = { id: 'local/guide', kind: 'model', name: 'local/guide', provider: 'local', is_built_in: true, health: null } as unknown as Model;
const listing = { name: 'lab', protocol: 'openai', is_local: false, is_found: false, is_built_in: false, last_error: '', listed_at: '2026-11-22T06:00:00Z' };
const house_own = { ...listing, name: 'local', is_local: true, is_built_in: true, listed_at: null };
const one = { id: 'lab/one', kind: 'model', health: null } as unknown as Model;

describe('ModelChoices', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('looks for a model until there is one, ever more slowly, and no longer', async () => {
    const { state, choices } = house();
    state.isOff = true;
    await choices.load();
    state.isOff = false;
    await vi.advanceTimersByTimeAsync(1000);
    expect([choices.isLoaded, choices.models, state.reads]).toEqual([true, [], 2]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(state.reads).toBeLessThan(10);
    state.items = [one];
    await vi.advanceTimersByTimeAsync(15_000);
    expect(choices.choices.map(({ id }) => id)).toEqual(['lab/one']);
    const { reads } = state;
    await vi.advanceTimersByTimeAsync(120_000);
    expect(state.reads).toBe(reads);
  });
  it('does not say that there is none while a provider was not read', async () => {
    const { state, choices } = house();
    const provider = { ...listing, listed_at: null };
    state.providers = [provider];
    await choices.load();
    expect(choices.isLoaded).toBe(false);
    state.providers = [{ ...provider, last_error: 'refused' }];
    await vi.advanceTimersByTimeAsync(1000);
    expect(choices.isLoaded).toBe(true);
  });
  it('takes a provider that tells nothing for one without models', async () => {
    const { state, choices } = house();
    state.providers = [{ ...listing, listed_at: null }];
    await choices.load();
    await vi.advanceTimersByTimeAsync(2900);
    expect([choices.isLoaded, state.reads]).toEqual([false, 2]);
    await vi.advanceTimersByTimeAsync(5000);
    expect([choices.isLoaded, state.reads]).toEqual([true, 4]);
  });
  it('asks the guide where there is nobody else, and goes on looking', async () => {
    const { state, choices } = house();
    state.items = [guide];
    state.providers = [house_own];
    expect(choices.for('')).toBe('');
    await choices.load();
    expect([choices.isLoaded, choices.isFirst, choices.for('')]).toEqual([true, true, 'local/guide']);
    expect(choices.choices[0]!.state).toBe('not a language model');
    state.items = [guide, one];
    state.providers = [listing, house_own];
    await vi.advanceTimersByTimeAsync(15_000);
    expect([choices.isFirst, choices.for(''), choices.for('local/guide')]).toEqual([false, 'lab/one', 'local/guide']);
    expect(choices.choices.map(({ id }) => id)).toEqual(['lab/one', 'local/guide']);
  });
  it('does not ask the guide while it is not known who else there is', async () => {
    const { state, choices } = house();
    state.items = [guide];
    state.providers = [{ ...listing, listed_at: null }, house_own];
    await choices.load();
    expect([choices.isLoaded, choices.isFirst, choices.for('')]).toEqual([false, false, '']);
  });
  it('says what there is to do while only servers of this machine are there', async () => {
    const { state, choices } = house();
    state.items = [guide, { ...one, name: 'ollama/one' }];
    state.providers = [{ ...listing, name: 'ollama', is_found: true }, house_own];
    await choices.load();
    expect([choices.isFirst, choices.for('')]).toEqual([true, 'ollama/one']);
    choices.choose('local/guide');
    expect(choices.for('')).toBe('local/guide');
  });
  it('looks no more once nobody looks', async () => {
    const { state, choices } = house();
    await choices.load();
    choices.dispose();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(state.reads).toBe(1);
  });
  it('puts each under whose it is, with its price and speed where they are known', async () => {
    const { state, choices } = house();
    const health = { is_available: true, attempts: 3, opens_in_ms: 0, first_token_ms: 420 };
    state.providers = [listing, { ...listing, name: 'ollama', is_found: true }, house_own];
    state.items = [
      { id: 'fast', kind: 'route' }, { id: 'two', kind: 'model', name: 'lab/two', provider: 'lab', input_price: '3.00', output_price: '15.00', health }, { id: 'free', kind: 'model', name: 'lab/free', provider: 'lab', is_local: true, input_price: '0.00', output_price: '0.00' },
      { id: 'here', kind: 'model', name: 'ollama/here', provider: 'ollama', is_local: true, input_price: null, output_price: null }, guide,
    ] as unknown as Model[];
    await choices.load();
    expect(choices.choices.map(lineOf).map(({ group, label }) => `${group}: ${label}`)).toEqual([
      'Routes: fast', 'lab: lab/two · ready · $3.00 / $15.00 a million tokens · 420 ms', 'lab: lab/free · free', 'On this machine: ollama/here', 'Part of the studio: local/guide · not a language model',
    ]);
    choices.dispose();
  });
});
