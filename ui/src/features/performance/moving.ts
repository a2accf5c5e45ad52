// Lines that go on: the newest seconds, as a stream tells them, put behind what was read.
import type { FigureLines } from '$lib/api/figure-types';
import { together, type Answer } from './batch';
import type { Span } from './range';
import type { Points } from './series';

const SECOND_MS = 1000;
// No point of an answer that goes on is of a longer time.
export const TAIL_MAX = 120;

// The last seconds of some figures, a point each.
export class Tail {
  fromMs = 0;
  #lines = new Map<string, (number | null)[]>();
  #length = 0;

  get endMs(): number {
    return this.fromMs + this.#length * SECOND_MS;
  }
  add(told: FigureLines): void {
    const { fromMs, stepMs, lines } = together([told], { fromMs: 0, toMs: 0 });
    if (stepMs !== SECOND_MS) return;
    // Something was left out, or told again: what is here is of another time.
    if (fromMs !== this.endMs) {
      this.fromMs = fromMs;
      this.#lines.clear();
    }
    for (const [figure, points] of lines) this.#lines.set(figure, [...(this.#lines.get(figure) ?? []), ...points].slice(-TAIL_MAX));
    this.#length = Math.max(0, ...[...this.#lines.values()].map((points) => points.length));
    this.fromMs = fromMs + Math.max(0, ...[...lines.values()].map((points) => points.length)) * SECOND_MS - this.#length * SECOND_MS;
  }
  // Of the time from `fromMs` for `stepMs`; null: there was none.
  point(figure: string, fromMs: number, stepMs: number): number | null {
    const first = (fromMs - this.fromMs) / SECOND_MS;
    const points = (this.#lines.get(figure) ?? []).slice(Math.max(0, first), Math.max(0, first + stepMs / SECOND_MS)).filter((point) => point !== null);
    if (points.length === 0) return null;
    // As the server puts points together: means, and of quantiles the highest.
    return /:p\d\d$/.test(figure) ? Math.max(...points) : points.reduce((sum, point) => sum + point, 0) / points.length;
  }
  has = (figure: string): boolean => this.#lines.has(figure);
}

function movedLine(figure: string, points: Points, { fromMs, stepMs }: Answer, tail: Tail, drop: number, count: number): Points {
  // A point that began before the tail did is known better from what was read.
  const known = Math.max(0, Math.ceil((tail.fromMs - fromMs) / stepMs));
  return Array.from({ length: count - drop }, (_, at) => {
    const place = at + drop;
    return place < known ? (points[place] ?? null) : tail.point(figure, fromMs + place * stepMs, stepMs);
  });
}

// The same lines on the same grid, up to the end of the tail and no longer than `span`.
export function moved(answer: Answer, tail: Tail, span: Span): Answer {
  const drop = Math.max(0, Math.floor((span.fromMs - answer.fromMs) / answer.stepMs));
  const count = Math.ceil((tail.endMs - answer.fromMs) / answer.stepMs);
  if (count <= drop) return answer;
  const lines = new Map([...answer.lines].map(([figure, points]) => [figure, tail.has(figure) ? movedLine(figure, points, answer, tail, drop, count) : points.slice(drop)] as const));
  // It runs while it tells.
  const ran = Array.from({ length: count - drop }, (_, at) => answer.ran[at + drop] ?? answer.stepMs / SECOND_MS);
  return { ...answer, fromMs: answer.fromMs + drop * answer.stepMs, ran, lines, span };
}
