import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Model } from '$lib/api/gateway-types';
import { Problem } from '$lib/api/problem';
import type { Studio } from '$lib/state/studio.svelte';
import { ModelChoices } from './models.svelte';

function house() {
  const state = { items: [] as Model[], isOff: false, reads: 0 };
  const call = async (): Promise<unknown> => {
    state.reads += 1;
    if (state.isOff) throw new Problem({ code: 'offline' });
    return { items: state.items, next: '' };
  };
  const choices = new ModelChoices({ api: { call, tell: async () => {} }, drafts: { read: () => null, write: () => {} } } as unknown as Studio);
  return { state, choices };
}
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
  it('looks no more once nobody looks', async () => {
    const { state, choices } = house();
    await choices.load();
    choices.dispose();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(state.reads).toBe(1);
  });
});
