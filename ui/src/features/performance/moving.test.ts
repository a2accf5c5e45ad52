import { describe, expect, it } from 'vitest';
import { together } from './batch';
import { moved, Tail, TAIL_MAX } from './moving';

const at = (seconds: number): string => new Date(seconds * 1000).toISOString();
// Every second from `first` on: a rate, a quantile.
const told = (first: number, points: readonly (number | null)[]) => ({
  from: at(first), step_ms: 1000, ran_seconds: points.map(() => 1),
  lines: [{ figure: 'a:rate', points: [...points] }, { figure: 'b:p95', points: [...points] }],
});
const read = (first: number, step: number, points: readonly (number | null)[]) =>
  together([{ from: at(first), step_ms: step * 1000, ran_seconds: points.map(() => step), lines: [{ figure: 'a:rate', points: [...points] }, { figure: 'b:p95', points: [...points] }] }], { fromMs: first * 1000, toMs: (first + step * points.length) * 1000 });
const tailOf = (...all: ReturnType<typeof told>[]): Tail => {
  const tail = new Tail();
  all.forEach((one) => tail.add(one));
  return tail;
};

describe('lines that go on', () => {
  it('take each second as it is told, and leave out as many at the beginning', () => {
    const answer = read(100, 1, [1, 2, 3, 4]);
    const after = moved(answer, tailOf(told(102, [3, 4]), told(104, [5]), told(105, [null])), { fromMs: 102_000, toMs: 106_000 });
    expect(after).toMatchObject({ fromMs: 102_000, stepMs: 1000, span: { fromMs: 102_000, toMs: 106_000 } });
    expect(after.ran, 'it runs while it tells').toEqual([1, 1, 1, 1]);
    expect(after.lines.get('a:rate'), 'nothing came in the last').toEqual([3, 4, 5, 0]);
    expect(after.lines.get('b:p95'), 'of nothing there is no quantile').toEqual([3, 4, 5, null]);
    expect(answer.lines.get('a:rate'), 'what was read is as it was').toEqual([1, 2, 3, 4]);
  });
  it('put seconds together as the server does: means, and of quantiles the highest', () => {
    const answer = read(100, 4, [7, 8]); // the second point is of two seconds yet
    const after = moved(answer, tailOf(told(102, [0, 0, 1, 3, 5, 7, 9])), { fromMs: 100_000, toMs: 109_000 });
    expect(after.lines.get('a:rate')).toEqual([7, 4, 9]);
    expect(after.lines.get('b:p95')).toEqual([7, 7, 9]);
  });
  it('keep a point that began before the tail as it was read', () => {
    expect(moved(read(100, 4, [7, 8]), tailOf(told(106, [1, 1, 2])), { fromMs: 100_000, toMs: 109_000 }).lines.get('a:rate')).toEqual([7, 8, 2]);
  });
  it('have no line for what was not read, and keep what the stream does not tell', () => {
    const answer = { ...read(100, 1, [1, 2]), lines: new Map([['c:value', [1, 2]]]) };
    expect([...moved(answer, tailOf(told(102, [3])), { fromMs: 101_000, toMs: 103_000 }).lines]).toEqual([['c:value', [2]]]);
  });
  it('are of one time: after a gap the tail begins anew, and it never grows beyond its bound', () => {
    const tail = tailOf(told(100, [1, 2]), told(110, [3]));
    expect([tail.fromMs, tail.endMs]).toEqual([110_000, 111_000]);
    for (let second = 111; second < 111 + 2 * TAIL_MAX; second++) tail.add(told(second, [second]));
    expect((tail.endMs - tail.fromMs) / 1000).toBe(TAIL_MAX);
    expect(tail.point('a:rate', tail.endMs - 1000, 1000)).toBe(110 + 2 * TAIL_MAX);
    expect(tail.point('a:rate', tail.fromMs, 1000)).toBe(111 + TAIL_MAX);
  });
});
