import { expect, it } from 'vitest';
import type { Generation } from '$lib/api/generation-types';
import { mergeMade, newestFirst, shownOf } from './order';

const made = (id: string, more: Partial<Generation> = {}): Generation => ({ id, state: 'running', ended_at: null, ...more }) as Generation;
const ids = (items: readonly Generation[]): string[] => items.map(({ id }) => id);

it('the newest comes first', () => {
  expect(ids(newestFirst([made('a'), made('c'), made('b')]))).toEqual(['c', 'b', 'a']);
});
it('what has ended stays ended, and what is told last counts', () => {
  const done = made('a', { state: 'succeeded', ended_at: 'x' });
  expect(mergeMade([done], [made('a')])).toEqual([done]);
  expect(mergeMade([made('a')], [done])).toEqual([done]);
  // One that nobody knew of, given up: it ended before already.
  expect(mergeMade([made('a', { state: 'unknown', ended_at: 'x' })], [made('a', { state: 'failed', ended_at: 'x' })])[0]!.state).toBe('failed');
});
it('nothing is shown that something unread may stand before', () => {
  const all = newestFirst(['a', 'b', 'c', 'd'].map((id) => made(id)));
  expect(ids(shownOf(all, { image: 'c', upscale: '' }))).toEqual(['d', 'c']);
  expect(ids(shownOf(all, { image: '', upscale: '' }))).toEqual(['d', 'c', 'b', 'a']);
});
