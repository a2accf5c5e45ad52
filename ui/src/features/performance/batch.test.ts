import { describe, expect, it } from 'vitest';
import { compared, FIGURES_MAX, periodBefore, queriesOf, together } from './batch';

const span = { fromMs: Date.parse('2027-01-31T11:00:00Z'), toMs: Date.parse('2027-01-31T12:00:00Z') };

describe('the questions of a view', () => {
  it('are one, with each figure once and the points of the widest panel', () => {
    expect(queriesOf([{ figures: ['a:rate', 'b:p95'], points: 300.4 }, { figures: ['b:p95', 'c:value'], points: 520.6 }], span)).toEqual([
      { figures: ['a:rate', 'b:p95', 'c:value'], from: '2027-01-31T11:00:00.000Z', to: '2027-01-31T12:00:00.000Z', points: 521 },
    ]);
  });
  it('are none where nothing is seen', () => expect(queriesOf([], span)).toEqual([]));
  it('are more where the server would refuse one, all of the same time and points', () => {
    const figures = Array.from({ length: 2 * FIGURES_MAX + 1 }, (_, at) => `f${at}:rate`);
    const queries = queriesOf([{ figures, points: 400 }], span);
    expect(queries.map((query) => query.figures.length)).toEqual([FIGURES_MAX, FIGURES_MAX, 1]);
    expect(queries.flatMap((query) => query.figures)).toEqual(figures);
    expect(new Set(queries.map(({ from, to, points }) => `${from} ${to} ${points}`)).size).toBe(1);
  });
  it('ask for no more points than a screen has', () => expect(queriesOf([{ figures: ['a:rate'], points: 90_000 }], span)[0]!.points).toBe(1_500));
});

describe('the answers', () => {
  const told = together([
    { from: '2027-01-31T11:00:00.000Z', step_ms: 1000, ran_seconds: [0, 1, 1, 1], lines: [{ figure: 'a:rate', points: [null, null, 2, null] }] },
    { from: '2027-01-31T11:00:00.000Z', step_ms: 1000, ran_seconds: [0, 1, 1, 1], lines: [{ figure: 'b:p95', points: [null, null, 0.5, null] }] },
  ], span);
  it('are one', () => {
    expect(told).toMatchObject({ fromMs: span.fromMs, stepMs: 1000, ran: [0, 1, 1, 1], span });
    expect([...told.lines.keys()]).toEqual(['a:rate', 'b:p95']);
  });
  it('tell of nothing while the studio ran, and of no nothing before it did', () => expect(told.lines.get('a:rate')).toEqual([null, 0, 2, 0]));
  it('make up no quantiles', () => expect(told.lines.get('b:p95')).toEqual([null, null, 0.5, null]));
});

describe('the period before', () => {
  it('is as long and ends where this begins', () => expect(periodBefore({ fromMs: 5_000, toMs: 8_000 })).toEqual({ fromMs: 2_000, toMs: 5_000 }));
  it('stands at the places of this, also where it is kept less finely', () => {
    const now = together([{ from: '1970-01-01T00:01:00.000Z', step_ms: 1_000, ran_seconds: [1, 1, 1, 1], lines: [{ figure: 'a:p95', points: [1, 2, 3, 4] }] }], { fromMs: 60_000, toMs: 64_000 });
    const before = together([{ from: '1970-01-01T00:00:56.000Z', step_ms: 2_000, ran_seconds: [2, 0], lines: [{ figure: 'a:p95', points: [7, null] }] }], { fromMs: 56_000, toMs: 60_000 });
    expect(compared(now, before).before?.get('a:p95')).toEqual([7, 7, null, null]);
    expect(compared(now, before).lines).toBe(now.lines);
  });
});
