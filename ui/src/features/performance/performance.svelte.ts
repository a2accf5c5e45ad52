import type { FigureLines } from '$lib/api/figure-types';
import { asProblem, isAbort, type Problem } from '$lib/api/problem';
import type { Studio } from '$lib/state/studio.svelte';
import { compared, FIGURES_MAX, periodBefore, queriesOf, together, type Answer, type Wish } from './batch';
import { performanceCalls, type PerformanceCalls } from './calls';
import { Catalogue } from './figure';
import { FIRST_FIGURES, FIRST_PANELS, type First } from './first';
import { fitsLive, Live } from './live';
import { moved, Tail } from './moving';
import type { Mark } from './plot';
import { isMoving, readAgainMs, spanOf, USUAL, type Span, type View } from './range';
import { failuresOf, figureOf, routesOf, rowsOf, type RouteRow } from './routes';

// What comes to be seen at once is asked for at once.
const GATHER_MS = 30;
// The routes are many and change slowly.
const SURVEY_POINTS = 60;
const SURVEY_AGAIN_MS = 30_000;
// What else there is waits for the first charts, but no longer.
const FIRST_WAIT_MS = 1_000;
// Later they would have to be read again.
const FIRST_NEW_MS = 5_000;
// As long as a stream that was refused is not asked for again: others have all the places.
const REFUSED_MS = 60_000;

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
  #listing: Promise<void> | null = null; // the catalogue is being read
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  drawn: () => void = () => {}; // a chart is
  #first: First | null;
  #tail = new Tail();
  #lately: Answer | null = null; // what was read last, and goes on with the tail
  #refusedUntil = -Infinity;
  #live = new Live({
    fetch: (url, init) => fetch(url, { ...init, credentials: 'same-origin', cache: 'no-store' }),
    onlines: (lines) => this.#goOn(lines),
    onend: (isRefused) => {
      if (!isRefused) return this.#read(); // and it is opened anew
      this.#refusedUntil = performance.now() + REFUSED_MS;
      this.#readAgain();
    },
  });
  #onSight = (): void => {
    if (document.visibilityState !== 'visible') this.#live.close();
    else if (readAgainMs(this.view) > 0) this.#read();
  };

  constructor(studio: Studio, first: First) {
    this.#calls = performanceCalls(studio.api);
    this.#first = first;
  }
  async start(): Promise<void> {
    document.addEventListener('visibilitychange', this.#onSight);
    const first = this.#first;
    first?.answer.then((answer) => this.#first === first && this.#keep(FIRST_PANELS, answer), () => {}); // whoever reads it tells
    await this.retry(new Promise<void>((done) => {
      // Once it is painted, too.
      this.drawn = () => requestAnimationFrame(() => setTimeout(done));
      setTimeout(done, FIRST_WAIT_MS);
    }));
  }
  dispose(): void {
    document.removeEventListener('visibilitychange', this.#onSight);
    clearTimeout(this.#gathering);
    clearTimeout(this.#timer);
    this.#live.close();
    this.#reading?.abort();
    this.#surveying?.abort();
  }
  async retry(before?: Promise<unknown>): Promise<void> {
    try {
      await this.#readCatalogue(before);
      this.problem = null;
      this.#read();
    } catch (error) {
      this.problem = asProblem(error);
    }
  }
  // Figures come into being when something first happens.
  #readCatalogue(before?: Promise<unknown>): Promise<void> {
    return (this.#listing ??= this.#askCatalogue(before).finally(() => (this.#listing = null)));
  }
  async #askCatalogue(before?: Promise<unknown>): Promise<void> {
    const [{ items }] = await Promise.all([this.#calls.figures(), before]);
    const names = items.join('\n');
    if (names === this.#names) return;
    this.#names = names;
    this.catalogue = new Catalogue(items);
  }

  show(view: View, compares: boolean): void {
    // Another time than that whose lines were asked for early.
    if (compares || JSON.stringify(view) !== JSON.stringify(this.#first?.view)) this.#first = null;
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
    if (begins && this.#lately) this.#lookAround(spanOf(this.view, Date.now()));
    else if (begins) this.#gather();
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
    void this.#readLines(span).then(() => this.#lookAround(span));
  }
  #lookAround(span: Span): void {
    // Nobody else would ask again, where the list could not be read or a studio has answered nothing yet.
    if (!this.catalogue || routesOf(this.catalogue).length === 0) void this.#readCatalogue().then(() => (this.problem = null), () => {});
    if (this.#isSurveyed && (this.#isNew || performance.now() - this.#surveyedAt > SURVEY_AGAIN_MS)) void this.#survey(span);
  }
  // A studio that has just begun.
  get #isNew(): boolean {
    return this.rows?.length === 0 || this.catalogue === null || routesOf(this.catalogue).length === 0;
  }
  // What is drawn goes on as it is told; or it is read again after a while.
  #readAgain(): void {
    clearTimeout(this.#timer);
    if (document.visibilityState !== 'visible') return;
    const isTold = this.#follow();
    const afterMs = isTold && !this.#isNew ? SURVEY_AGAIN_MS : readAgainMs(this.view);
    if (afterMs === 0) return;
    this.#timer = setTimeout(() => {
      if (document.visibilityState !== 'visible') return;
      if (!isTold || !this.#live.isOpen) return this.#read();
      this.#lookAround(spanOf(this.view, Date.now()));
      this.#readAgain();
    }, afterMs);
  }
  // One stream for all that is seen. False: there is none.
  #follow(): boolean {
    const figures = [...new Set([...this.#wishes.values()].flatMap((wish) => wish.figures))];
    const canFollow = isMoving(this.view) && !this.compares && this.#lately !== null && figures.length > 0 && fitsLive(figures, FIGURES_MAX) && performance.now() > this.#refusedUntil;
    if (!canFollow) this.#live.close();
    else if (this.#live.watch(figures)) this.#tail = new Tail();
    return canFollow;
  }
  #goOn(lines: FigureLines): void {
    if (!this.#lately) return;
    this.#tail.add(lines);
    const before = this.#lately;
    const answer = (this.#lately = moved(before, this.#tail, spanOf(this.view, Date.now())));
    this.#answers = new Map([...this.#answers].map(([panel, shown]) => [panel, shown === before ? answer : shown] as const));
  }
  #keep(panels: Iterable<string>, answer: Answer): void {
    this.#lately = answer;
    this.#answers = new Map([...this.#answers, ...[...panels].map((panel) => [panel, answer] as const)]);
  }

  async #readLines(span: Span): Promise<void> {
    this.#reading?.abort();
    const asked = (this.#reading = new AbortController());
    const wishes = new Map(this.#wishes);
    try {
      if (wishes.size > 0) {
        const earlier = this.compares ? this.#ask(wishes.values(), periodBefore(span), asked.signal) : null;
        const now = await (this.#takeFirst(wishes.values()) ?? this.#ask(wishes.values(), span, asked.signal));
        const answer = earlier ? compared(now, await earlier) : now;
        if (asked.signal.aborted) return;
        this.#keep(wishes.keys(), answer);
        if (this.catalogue) this.problem = null; // else the list may be what is missing
      }
    } catch (error) {
      if (isAbort(error) || asked.signal.aborted) return;
      this.problem = asProblem(error);
    }
    this.#readAgain();
  }

  // Once, and where it is all that is wanted: it was asked for already.
  #takeFirst(wishes: Iterable<Wish>): Promise<Answer> | null {
    const first = this.#first;
    this.#first = null;
    return first && performance.now() - first.askedMs < FIRST_NEW_MS && [...wishes].every(({ figures }) => figures.every((figure) => FIRST_FIGURES.has(figure))) ? first.answer : null;
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
      const figures = routesOf(catalogue).flatMap((route) => [figureOf(catalogue, route, 'rate') ?? [], figureOf(catalogue, route, 'p95') ?? [], failuresOf(catalogue, route)].flat());
      const rows = rowsOf(catalogue, await this.#ask([{ figures, points: SURVEY_POINTS }], span, asked.signal));
      if (!asked.signal.aborted) this.rows = rows;
    } catch (error) {
      if (isAbort(error) || asked.signal.aborted) return;
      this.problem = asProblem(error);
    }
  }
}
