import { describe, expect, it } from 'vitest';
import type { ProductionSummary } from '$lib/api/types';
import { placed } from './productions.svelte';

const summary = (id: string, title = id): ProductionSummary => ({ id, title, revision: 1, state: 'draft', created_at: '', updated_at: '', scene_count: 1, run: null, video: null });
const ids = (items: readonly ProductionSummary[]): string => items.map((item) => item.title).join(' ');

describe('a production that is told of', () => {
  const list = [summary('d'), summary('b')];
  it('takes the place it has', () => expect(ids(placed(list, summary('b', 'B'), true))).toBe('d B'));
  it('comes first when it is new', () => expect(ids(placed(list, summary('e'), true))).toBe('e d b'));
  it('stands in the order of its making', () => expect(ids(placed(list, summary('c'), true))).toBe('d c b'));
  it('waits for its page when it is older than what was read', () => {
    expect(ids(placed(list, summary('a'), true))).toBe('d b');
    expect(ids(placed(list, summary('a'), false))).toBe('d b a');
  });
});
