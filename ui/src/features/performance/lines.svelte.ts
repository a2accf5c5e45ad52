import { asProblem, isAbort, type Problem } from '$lib/api/problem';
import { compared, periodBefore, type Answer, type Wish } from './batch';
import { askLines, type PerformanceCalls } from './calls';
import { FIRST_FIGURES, FIRST_PANELS, type First } from './first';
import { moved, type Tail } from './moving';
import type { Span } from './range';

// What was asked for early is not taken for what is asked now for longer.
const FIRST_NEW_MS = 5_000;

// The lines of the panels that are in view, all of one time.
export class Lines {
  problem = $state.raw<Problem | null>(null);
  latest = $state.raw<Answer | null>(null); // what was read last, and goes on
  #byPanel = $state.raw<ReadonlyMap<string, Answer>>(new Map());
  #wishes = new Map<string, Wish>();
  #reading: AbortController | null = null;
  #first: First | null;
  #calls: Pick<PerformanceCalls, 'history'>;

  constructor(calls: Pick<PerformanceCalls, 'history'>, first: First) {
    this.#calls = calls;
    this.#first = first;
    first.answer.then((answer) => this.#first === first && this.#keep(FIRST_PANELS, answer), () => {}); // whoever reads it tells
  }
  dispose(): void {
    this.#reading?.abort();
    this.#first = null;
  }

  of = (panel: string): Answer | null => this.#byPanel.get(panel) ?? null;
  // All that is wanted.
  get figures(): string[] {
    return [...new Set([...this.#wishes.values()].flatMap((wish) => wish.figures))];
  }
  // A panel that is seen, with the figures it draws; what comes back says that it is seen no more.
  want(panel: string, wish: Wish): () => void {
    this.#wishes.set(panel, wish);
    return () => {
      if (this.#wishes.get(panel) === wish) this.#wishes.delete(panel);
    };
  }
  // Another time is shown than that whose lines were asked for early.
  dropFirst(): void {
    this.#first = null;
  }

  // What is wanted now. False: something else was asked for meanwhile.
  async read(span: Span, compares: boolean): Promise<boolean> {
    this.#reading?.abort();
    const { signal } = (this.#reading = new AbortController());
    const wishes = new Map(this.#wishes);
    if (wishes.size === 0) return true;
    try {
      const ask = (when: Span): Promise<Answer> => askLines(this.#calls, wishes.values(), when, signal);
      const [now, earlier] = await Promise.all([this.#takeFirst(wishes.values()) ?? ask(span), compares ? ask(periodBefore(span)) : null]);
      if (signal.aborted) return false;
      this.#keep(wishes.keys(), earlier ? compared(now, earlier) : now);
      this.problem = null;
    } catch (error) {
      if (isAbort(error) || signal.aborted) return false;
      this.problem = asProblem(error);
    }
    return true;
  }
  // Once, and where it is all that is wanted: it was asked for already.
  #takeFirst(wishes: Iterable<Wish>): Promise<Answer> | null {
    const first = this.#first;
    this.#first = null;
    return first && performance.now() - first.askedMs < FIRST_NEW_MS && [...wishes].every(({ figures }) => figures.every((figure) => FIRST_FIGURES.has(figure))) ? first.answer : null;
  }
  #keep(panels: Iterable<string>, answer: Answer): void {
    this.latest = answer;
    this.#byPanel = new Map([...this.#byPanel, ...[...panels].map((panel) => [panel, answer] as const)]);
  }
  // What was read last goes on with what was told since.
  goOn(tail: Tail, span: Span): void {
    const before = this.latest;
    if (!before) return;
    const answer = (this.latest = moved(before, tail, span));
    this.#byPanel = new Map([...this.#byPanel].map(([panel, shown]) => [panel, shown === before ? answer : shown] as const));
  }
}
