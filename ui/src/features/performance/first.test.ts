import { describe, expect, it } from 'vitest';
import { pointsIn } from './first';

describe('the points of the first charts', () => {
  it('are about as many as they have pixels, beside each other or not', () => {
    expect(pointsIn(1280)).toBeGreaterThan(450);
    expect(pointsIn(1280)).toBeLessThan(550);
    expect(pointsIn(3840), 'the page grows no wider').toBe(pointsIn(1408));
    expect(pointsIn(375)).toBeGreaterThan(200);
    expect(pointsIn(900)).toBeGreaterThan(pointsIn(1280));
  });
});
