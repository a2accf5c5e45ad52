import { describe, expect, it } from 'vitest';
import { gridOf, moved, rowsInView, slicesFor, tilesInBox, tilesOf, topToShow } from './window';

const COUNT = 100_000;
const grid = gridOf(1000, COUNT);

describe('gridOf', () => {
  it('fills the width, and has a row for what is left over', () => {
    for (const width of [320, 358, 559, 560, 1000, 1600]) {
      const { columns, tilePx, gapPx, rowCount } = gridOf(width, COUNT);
      const used = columns * tilePx + (columns - 1) * gapPx;
      expect(used).toBeLessThanOrEqual(width);
      expect(width - used).toBeLessThan(columns);
      expect((rowCount - 1) * columns).toBeLessThan(COUNT);
      expect(rowCount * columns).toBeGreaterThanOrEqual(COUNT);
    }
    expect(gridOf(358, 10).columns, 'three on a phone').toBe(3);
    expect(gridOf(0, 10).columns).toBe(1);
  });
});

describe('what is in view', () => {
  it('is drawn with those beside it, and never more than there are', () => {
    const { rowPx, rowCount, columns } = grid;
    expect(rowsInView(grid, 0, 800, 2)).toEqual({ first: 0, end: Math.ceil(800 / rowPx) + 2 });
    const middle = rowsInView(grid, 5000 * rowPx + 1, rowPx, 1);
    expect(middle).toEqual({ first: 4999, end: 5003 });
    expect(rowsInView(grid, rowCount * rowPx + 5000, 800, 2)).toEqual({ first: rowCount - 2, end: rowCount });
    expect(tilesOf(grid, { first: rowCount - 1, end: rowCount })).toEqual({ first: (rowCount - 1) * columns, end: COUNT });
    expect(rowsInView(gridOf(1000, 0), 0, 800, 2)).toEqual({ first: 0, end: 0 });
  });
});

describe('moved', () => {
  const view = grid.rowPx * 3 + 10;
  const to = (at: number, key: string, isFar = false): number | null => moved(grid, at, key, view, isFar);
  it('goes where keys lead, and not beyond the ends', () => {
    const { columns } = grid;
    expect(to(0, 'ArrowLeft')).toBe(0);
    expect(to(COUNT - 1, 'ArrowRight')).toBe(COUNT - 1);
    expect(to(2, 'ArrowDown')).toBe(2 + columns);
    expect(to(2, 'ArrowUp')).toBe(2);
    expect(to(columns + 2, 'Home')).toBe(columns);
    expect(to(columns + 2, 'End')).toBe(2 * columns - 1);
    expect(to(7, 'End', true)).toBe(COUNT - 1);
    expect(to(COUNT - 1, 'Home', true)).toBe(0);
    expect(to(1, 'PageDown')).toBe(1 + 3 * columns);
    expect(to(1 + columns, 'PageUp'), 'in its column').toBe(1);
    expect(to(1, 'x')).toBeNull();
  });
  it('goes down to the last where the row below is short', () => {
    const small = gridOf(1000, grid.columns + 2);
    expect(moved(small, grid.columns - 1, 'ArrowDown', view, false)).toBe(grid.columns + 1);
    expect(moved(small, grid.columns, 'ArrowDown', view, false), 'it is in the last row').toBe(grid.columns);
  });
});

describe('topToShow', () => {
  const { rowPx, columns, gapPx } = grid;
  it('moves the view no more than it has to', () => {
    const view = rowPx * 3;
    expect(topToShow(grid, 0, 500, view)).toBe(0);
    expect(topToShow(grid, columns, 0, view), 'it is in view').toBe(0);
    expect(topToShow(grid, columns * 10, 0, view)).toBe(11 * rowPx - gapPx - view);
  });
});

describe('tilesInBox', () => {
  it('has those the box touches, and none from the gaps', () => {
    const { tilePx, gapPx, columns, rowPx } = grid;
    expect(tilesInBox(grid, { left: 1, top: 1, right: 2, bottom: 2 })).toEqual([0]);
    expect(tilesInBox(grid, { left: 1, top: 1, right: tilePx + gapPx + 1, bottom: rowPx + 1 })).toEqual([0, 1, columns, columns + 1]);
    expect(tilesInBox(grid, { left: tilePx + 1, top: 0, right: tilePx + gapPx - 1, bottom: 5 })).toEqual([]);
    expect(tilesInBox(gridOf(1000, 2), { left: 0, top: 0, right: 5000, bottom: 5000 })).toEqual([0, 1]);
  });
});

describe('slicesFor', () => {
  it('asks for what is not here, and nothing else', () => {
    expect(slicesFor({ first: 90, end: 210 }, () => false, 100)).toEqual([0, 1, 2]);
    expect(slicesFor({ first: 90, end: 210 }, (index) => index < 200, 100)).toEqual([2]);
    expect(slicesFor({ first: 100, end: 200 }, () => true, 100)).toEqual([]);
    expect(slicesFor({ first: 0, end: 0 }, () => false, 100)).toEqual([]);
  });
});
