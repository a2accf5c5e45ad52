import { expect, it } from 'vitest';
import { levelHeadings } from './outline';
import type { BlockToken } from './tokens';

const levels = (...depths: number[]): number[] => {
  const headings = depths.map((depth) => ({ type: 'heading', depth, level: 0 }) as unknown as BlockToken);
  levelHeadings(headings, []);
  return headings.map((token) => (token as { level: number }).level);
};

it('begins headings at three and never skips a level', () => {
  expect(levels(1, 2, 3, 2)).toEqual([3, 4, 5, 4]);
  expect(levels(4, 6, 6, 1, 5)).toEqual([3, 4, 4, 3, 4]);
  expect(levels(3, 2, 1)).toEqual([3, 3, 3]);
  expect(levels(1, 2, 3, 4, 5, 6)).toEqual([3, 4, 5, 6, 6, 6]);
});
