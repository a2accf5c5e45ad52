import { describe, expect, it } from 'vitest';
import { drawingOf, edgeWidth, moved, readWeight, ROW_GAP, ROW_HEIGHT, shareOf } from './route-graph';

describe('a drawing of a route', () => {
  it('is made once for a count, and is the same thing from then on', () => {
    expect(drawingOf(3)).toBe(drawingOf(3));
    expect(drawingOf(3)).not.toBe(drawingOf(4));
  });
  it('leads an edge to the middle of every row', () => {
    const { height, paths } = drawingOf(3);
    expect(height).toBe(3 * ROW_HEIGHT + 2 * ROW_GAP);
    expect(paths.map((path) => Number(path.split(' ').at(-1)))).toEqual([0, 1, 2].map((at) => at * (ROW_HEIGHT + ROW_GAP) + ROW_HEIGHT / 2));
    expect(new Set(paths.map((path) => path.split('C')[0]))).toEqual(new Set([`M0 ${height / 2}`]));
    expect(drawingOf(1).paths[0]).toContain(`112 ${ROW_HEIGHT / 2}`);
    expect(drawingOf(0)).toEqual({ height: 0, paths: [] });
  });
  it('shows shares as widths, and never an edge of none', () => {
    expect([shareOf(1, 4), shareOf(0, 0), shareOf(5, 4)]).toEqual([0.25, null, 1]);
    const widths = [null, 0, 0.25, 0.5, 1].map(edgeWidth);
    expect(widths[0]).toBeGreaterThan(0);
    expect(widths[1]).toBe(widths[0]);
    for (let at = 2; at < widths.length; at += 1) expect(widths[at]!).toBeGreaterThan(widths[at - 1]!);
  });
});

describe('the order of candidates', () => {
  it('moves one and keeps the rest', () => {
    expect(moved(['a', 'b', 'c'], 2, 0)).toEqual(['c', 'a', 'b']);
    expect(moved(['a', 'b', 'c'], 0, 1)).toEqual(['b', 'a', 'c']);
    for (const [from, to] of [[0, -1], [2, 3], [-1, 0], [3, 0]] as const) expect(moved(['a', 'b', 'c'], from, to)).toEqual(['a', 'b', 'c']);
  });
  it('takes the weights the server takes', () => {
    expect(['1', ' 2.5 ', '1000000'].map(readWeight)).toEqual([1, 2.5, 1_000_000]);
    expect(['', '0', '-1', 'x', '1000001', '1e9'].map(readWeight)).toEqual([null, null, null, null, null, null]);
  });
});
