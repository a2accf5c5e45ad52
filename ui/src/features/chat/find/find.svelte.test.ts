import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Problem } from '$lib/api/problem';
import { ThreadFind } from './find.svelte';

function house(texts: readonly string[], here = 3) {
  const reads: number[] = [];
  const state = { isOff: false };
  const find = new ThreadFind({
    path: () => texts.map((_, at) => at + 1),
    textOf: (number) => (number > texts.length - here ? texts[number - 1]! : null),
    read: async (from, limit) => {
      reads.push(from);
      if (state.isOff) throw new Problem({ code: 'offline' });
      return new Map(texts.slice(Math.max(0, from - limit), from).map((text, at) => [Math.max(0, from - limit) + at + 1, text]));
    },
  });
  const look = async (query: string): Promise<void> => {
    find.look(query);
    await vi.advanceTimersByTimeAsync(200);
  };
  return { find, look, reads, state };
}

describe('ThreadFind', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('looks through all of the branch, the end first, and reads each message once', async () => {
    const { find, look, reads } = house(Array.from({ length: 500 }, (_, at) => (at % 100 === 0 ? `Lamp ${at}` : 'dark')));
    await look('lAMP');
    expect([find.found, find.now, find.isReading]).toEqual([[1, 101, 201, 301, 401], 401, false]);
    expect(reads).toEqual([497, 297, 97]);
    await look('lamp 3');
    expect([find.found, find.now, reads.length]).toEqual([[301], 301, 3]);
  });
  it('goes from one to the next, and around', async () => {
    const { find, look } = house(['a', 'b', 'a', 'a']);
    await look('a');
    const seen = [find.now];
    for (const by of [-1, -1, -1, 1] as const) seen.push((find.step(by), find.now));
    expect(seen).toEqual([4, 3, 1, 4, 1]);
    await look('z');
    find.step(1);
    expect([find.now, find.at]).toEqual([0, -1]);
    await look('  ');
    expect([find.found, find.isReading]).toEqual([[], false]);
  });
  it('says what it could not read, and shows what is here', async () => {
    const { find, look, state } = house(['a', 'a', 'a', 'a', 'a']);
    state.isOff = true;
    await look('a');
    expect([find.found, find.problem?.code]).toEqual([[3, 4, 5], 'offline']);
    state.isOff = false;
    await look('a');
    expect([find.found, find.problem]).toEqual([[1, 2, 3, 4, 5], null]);
  });
  it('does not mix what was looked for before with what is looked for now', async () => {
    const { find, look } = house(['a', 'b', 'b', 'b', 'b']);
    find.look('b');
    await vi.advanceTimersByTimeAsync(150);
    await look('a');
    expect(find.found).toEqual([1]);
  });
});
