import { asProblem, isAbort, type Problem } from '$lib/api/problem';
import type { Studio } from '$lib/state/studio.svelte';
import { compared, periodBefore, queriesOf, together, type Answer, type Wish } from './batch';
import { performanceCalls, type PerformanceCalls } from './calls';
import { Catalogue } from './figure';
import type { Mark } from './plot';
import { readAgainMs, spanOf, USUAL, type Span, type View } from './range';
import { figureOf, routesOf, rowsOf, type RouteRow } from './routes';

// What comes to be seen at once is asked for at once.
const GATHER_MS = 30;
// The routes are many and change slowly.
const SURVEY_POINTS = 60;
const SURVEY_AGAIN_MS = 30_000;

// What the page of performance shows: of all panels that are in view the lines, of one time.
export class PerformanceState {
  catalogue = $state.raw<Catalogue | null>(null);
  problem = $state.raw<Problem | null>(null);
  rows = $state.raw<RouteRow[] | null>(null); // null: not read yet
  view = $state.raw<View>({ range: USUAL, zoom: null });
  compares = $state(false); // with the period before
  marks = $state.raw<readonly Mark[]>([]); // when which version was started
  cursorMs = $state<number | null>(null); // where the crosshair of all charts is
  hidden = $state.raw<ReadonlySet<string>>(new Set()); // figures whose lines are switched off
  #answers = $state.raw<ReadonlyMap<string, Answer>>(new Map());
  #wishes = new Map<string, Wish>();
  #calls: PerformanceCalls;
  #reading: AbortController | null = null;
  #surveying: AbortController | null = null;
  #surveyedAt = -Infinity;
  #isSurveyed = false; // somebody looks at what is told of all routes
  #names = '';
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #onSight = (): void => {
    if (document.visibilityState === 'visible' && readAgainMs(this.view) > 0) this.#read();
  };

  constructor(studio: Studio) {
    this.#calls = performanceCalls(studio.api);
  }
  async start(): Promise<void> {
    document.addEventListener('visibilitychange', this.#onSight);
    await this.retry();
  }
  dispose(): void {
    document.removeEventListener('visibilitychange', this.#onSight);
    clearTimeout(this.#gathering);
    clearTimeout(this.#timer);
    this.#reading?.abort();
    this.#surveying?.abort();
  }
  async retry(): Promise<void> {
    try {
      await this.#readCatalogue();
      this.problem = null;
      this.#read();
    } catch (error) {
      this.problem = asProblem(error);
    }
  }
  // Figures come into being when something first happens.
  async #readCatalogue(): Promise<void> {
    const { items } = await this.#calls.figures();
    const names = items.join('\n');
    if (names === this.#names) return;
    this.#names = names;
    this.catalogue = new Catalogue(items);
  }

  show(view: View, compares: boolean): void {
    this.view = view;
    this.compares = compares;
    this.cursorMs = null;
    this.#surveyedAt = -Infinity;
    this.#read();
  }
  readonly stepMs = $derived([...this.#answers.values()].at(-1)?.stepMs ?? null);
  answerOf = (panel: string): Answer | null => this.#answers.get(panel) ?? null;
  // A panel that is seen, with the figures it draws; what comes back says that it is seen no more.
  want(panel: string, wish: Wish): () => void {
    this.#wishes.set(panel, wish);
    this.#gather();
    return () => {
      if (this.#wishes.get(panel) === wish) this.#wishes.delete(panel);
    };
  }
  // All routes are many figures: they are read while what is told of them is in sight.
  survey(isSeen: boolean): void {
    const begins = isSeen && !this.#isSurveyed;
    this.#isSurveyed = isSeen;
    if (begins) this.#gather();
  }
  toggle = (figure: string): void => {
    const hidden = new Set(this.hidden);
    if (!hidden.delete(figure)) hidden.add(figure);
    this.hidden = hidden;
  };

  #gather(): void {
    clearTimeout(this.#gathering);
    this.#gathering = setTimeout(() => this.#read(), GATHER_MS);
  }
  #read(): void {
    clearTimeout(this.#gathering);
    clearTimeout(this.#timer);
    const span = spanOf(this.view, Date.now());
    // What is drawn goes first.
    void this.#readLines(span).then(() => {
      const isNew = this.rows?.length === 0; // a studio that has just begun
      // One that has answered nothing yet has no routes to be looked at: nobody else would ask again.
      if (this.catalogue && routesOf(this.catalogue).length === 0) void this.#readCatalogue().catch(() => {});
      if (this.#isSurveyed && (isNew || performance.now() - this.#surveyedAt > SURVEY_AGAIN_MS)) void this.#survey(span);
    });
  }
  #readAgain(): void {
    const afterMs = readAgainMs(this.view);
    clearTimeout(this.#timer);
    if (afterMs > 0) this.#timer = setTimeout(() => (document.visibilityState === 'visible' ? this.#read() : undefined), afterMs);
  }

  async #readLines(span: Span): Promise<void> {
    this.#reading?.abort();
    const asked = (this.#reading = new AbortController());
    const wishes = new Map(this.#wishes);
    try {
      if (wishes.size > 0) {
        const earlier = this.compares ? this.#ask(wishes.values(), periodBefore(span), asked.signal) : null;
        const now = await this.#ask(wishes.values(), span, asked.signal);
        const answer = earlier ? compared(now, await earlier) : now;
        if (asked.signal.aborted) return;
        this.#answers = new Map([...this.#answers, ...[...wishes.keys()].map((panel) => [panel, answer] as const)]);
        this.problem = null;
      }
    } catch (error) {
      if (isAbort(error) || asked.signal.aborted) return;
      this.problem = asProblem(error);
    }
    this.#readAgain();
  }

  async #ask(wishes: Iterable<Wish>, span: Span, signal: AbortSignal): Promise<Answer> {
    return together(await Promise.all(queriesOf(wishes, span).map((query) => this.#calls.history(query, signal))), span);
  }

  async #survey(span: Span): Promise<void> {
    this.#surveying?.abort();
    const asked = (this.#surveying = new AbortController());
    const isFirst = this.#surveyedAt === -Infinity;
    this.#surveyedAt = performance.now();
    try {
      if (!isFirst) await this.#readCatalogue();
      const catalogue = this.catalogue;
      if (!catalogue) return;
      const figures = routesOf(catalogue).flatMap((route) => [figureOf(catalogue, route, 'rate') ?? [], figureOf(catalogue, route, 'p95') ?? []].flat());
      const rows = rowsOf(catalogue, await this.#ask([{ figures, points: SURVEY_POINTS }], span, asked.signal));
      if (!asked.signal.aborted) this.rows = rows;
    } catch (error) {
      if (isAbort(error) || asked.signal.aborted) return;
      this.problem = asProblem(error);
    }
  }
}
