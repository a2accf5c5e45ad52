import { describe, expect, it } from 'vitest';
import { Tree } from '../tree';
import { segmentsOf } from './segments';

const of = (...parents: number[]): Tree => new Tree({ parents, roles: 'u'.repeat(parents.length) });

describe('segmentsOf', () => {
  it('is nothing of an empty thread, and one of a straight one', () => {
    expect(segmentsOf(of())).toEqual([]);
    expect(segmentsOf(of(0, 1, 2))).toEqual([{ first: 1, last: 3, count: 3, level: 1, at: 1, of: 1 }]);
  });
  it('begins anew at each fork, and stays together below it', () => {
    // 1-2-3-4, beside 3: 5-6, beside 6: 7; beside 1: 8.
    expect(segmentsOf(of(0, 1, 2, 3, 2, 5, 5, 0)).map(({ first, last, count, level, at, of: all }) => [first, last, count, level, at, all])).toEqual([
      [1, 2, 2, 1, 1, 2],
      [3, 4, 2, 2, 1, 2],
      [5, 5, 1, 2, 2, 2],
      [6, 6, 1, 3, 1, 2],
      [7, 7, 1, 3, 2, 2],
      [8, 8, 1, 1, 2, 2],
    ]);
  });
  it('takes ten thousand in a row', () => {
    expect(segmentsOf(of(...Array.from({ length: 10_000 }, (_, at) => at)))).toHaveLength(1);
    expect(segmentsOf(of(...Array.from({ length: 10_000 }, (_, at) => Math.max(0, at - (at % 2) - 1))))).toHaveLength(10_000);
  });
});
