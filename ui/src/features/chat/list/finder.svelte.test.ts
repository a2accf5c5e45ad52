import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Studio } from '$lib/state/studio.svelte';
import { Finder, piecesOf } from './finder.svelte';

describe('piecesOf', () => {
  it('marks what was found', () => {
    expect(piecesOf({ snippet: 'the lamp is lit', hits: [{ at: 12, length: 3 }, { at: 4, length: 4 }] })).toEqual([
      { text: 'the ', isHit: false }, { text: 'lamp', isHit: true }, { text: ' is ', isHit: false }, { text: 'lit', isHit: true },
    ]);
    expect(piecesOf({ snippet: 'short', hits: [{ at: 3, length: 9 }] })).toEqual([{ text: 'short', isHit: false }]);
  });
});

describe('Finder', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('asks once typing pauses, and shows the answer to the last question', async () => {
    const asked: string[] = [];
    const waits: (() => void)[] = [];
    const api = { call: async (_method: string, path: string) => (asked.push(path), await new Promise<void>((resolve) => waits.push(resolve)), { items: [{ thread: path }], corrections: [], is_complete: true }) };
    const finder = new Finder({ api } as unknown as Pick<Studio, 'api'>);
    finder.look('l');
    finder.look('la');
    finder.look('lamp');
    await vi.advanceTimersByTimeAsync(200);
    expect(asked).toEqual(['/api/threads/search?q=lamp&limit=20']);
    finder.look('lamps');
    await vi.advanceTimersByTimeAsync(200);
    waits[1]!();
    await vi.advanceTimersByTimeAsync(0);
    waits[0]!();
    await vi.advanceTimersByTimeAsync(0);
    expect([finder.asked, finder.found.map(({ thread }) => thread)]).toEqual(['lamps', ['/api/threads/search?q=lamps&limit=20']]);
    finder.look('');
    expect(finder.found).toEqual([]);
  });
});
