import { describe, expect, it } from 'vitest';
import { around, drawn, placeOf, tickStep, ticksOf, windowOf } from './axis';
import { formatTick } from './look';

const shown = { fromUs: 100, toUs: 300 };

describe('ticks', () => {
  it('are round, and no more than fit', () => {
    for (const [span, count, step] of [[100, 10, 10], [101, 10, 20], [1_230_000, 8, 200_000], [999, 3, 500], [7, 100, 1], [0, 5, 1], [65e6, 6, 15e6], [400e6, 6, 120e6], [90_000e6, 5, 18_000e6]] as const) {
      expect(tickStep(span, count), `${span} in ${count}`).toBe(step);
      expect(ticksOf({ fromUs: 0, toUs: span }, count).length).toBeLessThanOrEqual(count + 1);
    }
  });
  it('stand at whole steps, wherever what is shown begins', () => expect(ticksOf(shown, 4)).toEqual([100, 150, 200, 250, 300]));
  it('are told in one unit, as fine as they are apart', () => {
    expect([0, 200_000, 1_400_000].map((us) => formatTick(us, 200_000, 1_600_000))).toEqual(['0', '0.2 s', '1.4 s']);
    expect(formatTick(1_234_500, 500, 1_240_000)).toBe('1.2345 s');
    expect(formatTick(20_000, 20_000, 130_000)).toBe('20 ms');
    expect(formatTick(40, 20, 130)).toBe('40 µs');
    expect(formatTick(150e6, 30e6, 200e6)).toBe('2:30');
  });
});

describe('a place', () => {
  it('is a part of what is shown', () => {
    expect(placeOf({ fromUs: 150, toUs: 200 }, shown)).toEqual({ from: 25, width: 25 });
    expect(placeOf({ fromUs: 0, toUs: 900 }, shown)).toEqual({ from: 0, width: 100 });
    expect(placeOf({ fromUs: 200, toUs: 200 }, shown)).toEqual({ from: 50, width: 0 });
  });
  it('is none outside', () => {
    expect(placeOf({ fromUs: 0, toUs: 99 }, shown)).toBeNull();
    expect(placeOf({ fromUs: 301, toUs: 400 }, shown)).toBeNull();
  });
  it('is one of several that nobody could tell apart', () => {
    const many = Array.from({ length: 5_000 }, (_, at) => ({ fromUs: at * 20, toUs: at * 20 + 10 }));
    expect(drawn(many, { fromUs: 0, toUs: 100_000 })).toHaveLength(1);
    expect(drawn([{ fromUs: 0, toUs: 10 }, { fromUs: 50, toUs: 60 }], { fromUs: 0, toUs: 100 })).toEqual([{ from: 0, width: 10 }, { from: 50, width: 10 }]);
  });
  it('seen more closely has a little around it, and ends with the trace', () => {
    expect(around({ fromUs: 100, toUs: 200 }, 1_000)).toEqual({ fromUs: 96, toUs: 204 });
    expect(around({ fromUs: 0, toUs: 1_000 }, 1_000)).toEqual({ fromUs: 0, toUs: 1_000 });
  });
});

describe('rows in sight', () => {
  it('are few of many, with some beyond', () => expect(windowOf(2_800, 560, 28, 2_000, 10)).toEqual({ first: 90, end: 130 }));
  it('are those there are', () => {
    expect(windowOf(0, 560, 28, 3)).toEqual({ first: 0, end: 3 });
    expect(windowOf(9_999, 560, 28, 3)).toMatchObject({ end: 3 });
    expect(windowOf(0, 560, 28, 0)).toEqual({ first: 0, end: 0 });
  });
});
