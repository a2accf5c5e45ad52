import { describe, expect, it } from 'vitest';
import { pathsOf } from './spark';

describe('a small line', () => {
  it('begins anew after a gap, and what is alone is a dot', () => {
    expect(pathsOf([null, 1, 1, null, 1], 2, 40, 11).line).toBe('M10 5.9L20 5.9M40 5.9h0');
  });
  it('has its limit in sight, whatever came', () => {
    for (const points of [[], [null], [0], [1, 2], [900]]) {
      const { limitY } = pathsOf(points, 1, 40, 11);
      expect(limitY).toBeGreaterThan(0);
      expect(limitY).toBeLessThan(11);
    }
  });
  it('leaves no place for what is not there', () => expect(pathsOf([], 1, 40, 11).line).toBe(''));
});
