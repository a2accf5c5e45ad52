import { expect, it } from 'vitest';
import { Selection } from './selection.svelte';

it('has those that were put in, and no others', () => {
  const selection = new Selection();
  selection.toggle('a');
  selection.toggle('b');
  selection.toggle('c');
  selection.toggle('b');
  expect(selection.ids).toEqual(['a', 'c']);
  expect([selection.has('a'), selection.has('b'), selection.countOf(10), selection.isEmpty]).toEqual([true, false, 2, false]);
  selection.none();
  expect(selection.isEmpty).toBe(true);
});

it('has all but those that were taken out, without knowing them', () => {
  const selection = new Selection();
  selection.all();
  selection.toggle('a');
  selection.toggle('b');
  expect([selection.has('a'), selection.has('b'), selection.has('z'), selection.countOf(100_000)]).toEqual([false, false, true, 99_998]);
  expect(selection.ids).toBeNull();
  expect([...selection.except]).toEqual(['a', 'b']);
  selection.toggle('a');
  expect(selection.countOf(100_000)).toBe(99_999);
  selection.only(['q']);
  expect(selection.ids).toEqual(['q']);
});
