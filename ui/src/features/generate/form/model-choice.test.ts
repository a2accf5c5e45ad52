import { describe, expect, it } from 'vitest';
import type { MediaModel } from '$lib/api/generation-types';
import { choiceOf } from './model-choice';

const model = (change: Partial<MediaModel>): MediaModel => ({ id: 'openai/gpt-image-1', kind: 'model', rates: null, provider: 'openai', title: 'GPT Image 1', is_local: false, is_here: false, ability: { prompt_bytes_max: 0, needs_prompt: false, count_max: 1 }, health: 'closed', ...change });

describe('a model in the list', () => {
  it('stands under its provider, with what it charges and how long it took', () => {
    expect(choiceOf(model({ rates: [{ of: 'images', count: 1, price: '0.04' }], seconds: 12 }))).toEqual({ id: 'openai/gpt-image-1', label: 'GPT Image 1 · $0.04 a picture · lately 12.0 s', group: 'openai' });
    expect(choiceOf(model({})).label, 'what nobody knows is not said').toBe('GPT Image 1');
  });
  it('stands under this machine where it is here, and not for being free', () => {
    expect(choiceOf(model({ is_local: true, rates: [] })).group).toBe('openai');
    expect(choiceOf(model({ is_local: true, is_here: true, rates: [] }))).toMatchObject({ group: 'On this machine', label: 'GPT Image 1 · free' });
  });
  it('stands among routes where it is one', () => {
    expect(choiceOf(model({ kind: 'route', is_here: true })).group).toBe('Routes');
  });
});
