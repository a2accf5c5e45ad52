// One view is one question: all figures of the panels that are seen, in as few requests as the server takes.
import type { FigureLines, FigureQuery } from '$lib/api/figure-types';
import type { Span } from './range';
import { aligned, withNothing, type Points } from './series';

export const FIGURES_MAX = 64;
const POINTS_MIN = 60;
const POINTS_MAX = 1_500;

export interface Wish {
  figures: readonly string[];
  points: number; // as many as it has pixels
}
export interface Answer {
  fromMs: number;
  stepMs: number;
  ran: readonly number[]; // of each point, for how many seconds the studio did
  lines: ReadonlyMap<string, Points>;
  span: Span; // what was asked for
  before: ReadonlyMap<string, Points> | null; // the same of the period before, at the same places; null: not asked for
}

// Each figure once. All with the points of the widest panel, so that points of all panels stand at the same times.
export function queriesOf(wishes: Iterable<Wish>, { fromMs, toMs }: Span): FigureQuery[] {
  const all = [...wishes];
  const figures = [...new Set(all.flatMap((wish) => wish.figures))];
  if (figures.length === 0) return [];
  const points = Math.min(POINTS_MAX, Math.max(POINTS_MIN, ...all.map((wish) => Math.round(wish.points))));
  const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
  return Array.from({ length: Math.ceil(figures.length / FIGURES_MAX) }, (_, at) => ({ figures: figures.slice(at * FIGURES_MAX, (at + 1) * FIGURES_MAX), from, to, points }));
}

export function together(answers: readonly FigureLines[], span: Span): Answer {
  const first = answers[0];
  const all = answers.flatMap((answer) => answer.lines);
  const ran = first?.ran_seconds ?? [];
  // Of what came in no time there are no quantiles.
  const lines = new Map(all.map(({ figure, points }) => [figure, /:(value|rate)$/.test(figure) ? withNothing(points, ran) : points] as const));
  return { fromMs: first ? Date.parse(first.from) : span.fromMs, stepMs: first?.step_ms ?? 1000, ran, lines, span, before: null };
}

export const periodBefore = ({ fromMs, toMs }: Span): Span => ({ fromMs: 2 * fromMs - toMs, toMs: fromMs });

// Where the period before is no longer kept as finely, a point of it stands at several places.
export function compared(answer: Answer, earlier: Answer): Answer {
  const shiftMs = answer.span.fromMs - earlier.span.fromMs;
  return { ...answer, before: new Map([...answer.lines].map(([figure, points]) => [figure, aligned(points.length, answer, earlier.lines.get(figure) ?? [], earlier, shiftMs)] as const)) };
}
