import { describe, expect, it } from 'vitest';
import type { Peaks } from '$lib/media/peaks';
import { MaskStrokes, paint } from './mask';
import { columnsOf } from './peaks';
import { passagesOf, wordAt } from './words-at';

const peaksOf = (low: readonly number[], high: readonly number[]): Peaks => ({ low: Float32Array.from(low), high: Float32Array.from(high) });

describe('peaks', () => {
  it('are put into columns, the loudest of each, as tall as the loudest of all', () => {
    const peaks = peaksOf([0, -1, 0, 0], [0.5, 0, 0, 0.25]);
    expect(columnsOf(peaks, 2)).toEqual([1, 0.25]);
    expect(columnsOf(peaksOf([0, -0.5], [0.25, 0]), 2)).toEqual([0.5, 1]);
  });
  it('of what is quiet are drawn larger, and silence is not', () => {
    expect(columnsOf(peaksOf([0, 0], [0.125, 0]), 2)).toEqual([0.5, 0]);
    expect(columnsOf(peaksOf([], []), 2)).toEqual([0, 0]);
  });
});

describe('words', () => {
  const words = Array.from({ length: 100 }, (_, at) => ({ text: at % 25 === 24 ? 'end.' : 'word', start: at, end: at + 0.5 }));
  it('are found by their time', () => {
    expect([-1, 0, 0.7, 1, 99, 1000].map((seconds) => wordAt(words, seconds))).toEqual([-1, 0, 0, 1, 99, 99]);
    expect(wordAt([], 3)).toBe(-1);
  });
  it('stand in passages, each word in one', () => {
    const passages = passagesOf({ words });
    expect(passages.map(({ first }) => first)).toEqual([0, 25, 50, 75]);
    expect(passages.flatMap((passage) => passage.words)).toEqual(words);
    expect(passagesOf({ words: words.map((word) => ({ ...word, text: 'word' })) }).map(({ first }) => first)).toEqual([0, 40, 80]);
    expect(passagesOf({ text: 'all of it' })).toEqual([]);
  });
});

describe('a mask', () => {
  const brush = { isEraser: false, size: 12 };
  it('is undone and done again stroke by stroke', () => {
    const strokes = new MaskStrokes();
    expect(strokes.isEmpty).toBe(true);
    strokes.begin(brush, { x: 0, y: 0 });
    strokes.extend({ x: 0.5, y: 0 }); // hardly further
    strokes.extend({ x: 5, y: 0 });
    strokes.begin({ ...brush, isEraser: true }, { x: 1, y: 1 });
    expect(strokes.all.map(({ points }) => points.length)).toEqual([2, 1]);
    strokes.undo();
    strokes.undo();
    expect([strokes.isEmpty, strokes.canUndo, strokes.canRedo]).toEqual([true, false, true]);
    strokes.redo();
    expect([strokes.isEmpty, strokes.all.length]).toEqual([false, 1]);
    strokes.begin(brush, { x: 2, y: 2 });
    expect(strokes.canRedo).toBe(false);
    strokes.clear();
    expect(strokes.canUndo).toBe(false);
  });
  it('keeps so many strokes and no more', () => {
    const strokes = new MaskStrokes();
    let kept = 0;
    while (strokes.begin(brush, { x: 0, y: 0 })) kept += 1;
    expect(kept).toBe(400);
  });
  it('is painted and wiped in order, dabs too', () => {
    const said: string[] = [];
    const paper = new Proxy({} as Record<string, unknown>, {
      get: (target, name: string) => target[name] ?? ((...at: number[]) => said.push(`${name} ${at.join(',')}`)),
      set: (target, name: string, value) => (name === 'globalCompositeOperation' && said.push(String(value)), (target[name] = value), true),
    });
    paint(paper as never, [{ ...brush, points: [{ x: 1, y: 2 }] }, { isEraser: true, size: 3, points: [{ x: 0, y: 0 }, { x: 4, y: 4 }] }], 'red');
    expect(said).toEqual(['source-over', 'beginPath ', 'moveTo 1,2', 'lineTo 1.01,2', 'stroke ', 'destination-out', 'beginPath ', 'moveTo 0,0', 'lineTo 4,4', 'stroke ', 'source-over']);
  });
});
