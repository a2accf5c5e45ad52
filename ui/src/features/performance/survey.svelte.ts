import { asProblem, isAbort, type Problem } from '$lib/api/problem';
import { askLines, type PerformanceCalls } from './calls';
import type { FigureList } from './list.svelte';
import type { Span } from './range';
import { failuresOf, figureOf, routesOf, rowsOf, type RouteRow } from './routes';

const POINTS = 60;
// The routes are many and change slowly.
export const SURVEY_AGAIN_MS = 30_000;
// Whoever asks again after that time may be a little early.
const EARLY_MS = 1_000;

// What is told of all routes. They are many figures: they are read while somebody looks at them.
export class RouteSurvey {
  rows = $state.raw<readonly RouteRow[] | null>(null); // null: not read yet
  problem = $state.raw<Problem | null>(null);
  #isSeen = false;
  #readAtMs = -Infinity; // of the time that is shown; by the clock of performance.now()
  #reading: AbortController | null = null;
  #calls: Pick<PerformanceCalls, 'history'>;
  #list: FigureList;

  constructor(calls: Pick<PerformanceCalls, 'history'>, list: FigureList) {
    this.#calls = calls;
    this.#list = list;
  }
  dispose(): void {
    this.#reading?.abort();
  }

  // True: somebody begins to.
  look(isSeen: boolean): boolean {
    const begins = isSeen && !this.#isSeen;
    this.#isSeen = isSeen;
    if (!isSeen) this.problem = null;
    return begins;
  }
  // What is told is of another time than is shown, or somebody wants it now.
  expire(): void {
    this.#readAtMs = -Infinity;
  }
  // A studio that has just begun: it answers its first calls about now.
  get isNew(): boolean {
    return this.rows?.length === 0 || !this.#list.hasRoutes;
  }
  get isDue(): boolean {
    return this.#isSeen && (this.isNew || performance.now() - this.#readAtMs > SURVEY_AGAIN_MS - EARLY_MS);
  }

  async read(span: Span): Promise<void> {
    this.#reading?.abort();
    const { signal } = (this.#reading = new AbortController());
    const isAgain = this.#readAtMs !== -Infinity;
    this.#readAtMs = performance.now();
    try {
      if (isAgain) await this.#list.read();
      const { catalogue } = this.#list;
      if (!catalogue || signal.aborted) return;
      const figures = routesOf(catalogue).flatMap((route) => [figureOf(catalogue, route, 'rate') ?? [], figureOf(catalogue, route, 'p95') ?? [], failuresOf(catalogue, route)].flat());
      const rows = rowsOf(catalogue, await askLines(this.#calls, [{ figures, points: POINTS }], span, signal));
      if (signal.aborted) return;
      this.rows = rows;
      this.problem = null;
    } catch (error) {
      if (!isAbort(error) && !signal.aborted) this.problem = asProblem(error);
    }
  }
}
