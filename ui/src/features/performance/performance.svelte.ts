import type { Studio } from '$lib/state/studio.svelte';
import type { Wish } from './batch';
import { performanceCalls } from './calls';
import type { First } from './first';
import { Following } from './following';
import { Lines } from './lines.svelte';
import { FigureList } from './list.svelte';
import type { Mark } from './marks';
import { isMoving, readAgainMs, spanOf, USUAL, type Span, type View } from './range';
import { RouteSurvey, SURVEY_AGAIN_MS } from './survey.svelte';

// What comes to be seen at once is asked for at once.
const GATHER_MS = 30;
// What else there is waits for the first charts, but no longer.
const FIRST_WAIT_MS = 1_000;

// What the page of performance shows: of which time, and when it is read. What is drawn goes first, then what is told of all routes.
export class PerformanceState {
  view = $state.raw<View>({ range: USUAL, zoom: null });
  compares = $state(false); // with the period before
  marks = $state.raw<readonly Mark[]>([]); // when which version was started
  cursorMs = $state<number | null>(null); // where the crosshair of all charts is
  hidden = $state.raw<ReadonlySet<string>>(new Set()); // figures whose lines are switched off
  readonly list: FigureList;
  readonly lines: Lines;
  readonly survey: RouteSurvey;
  readonly problem = $derived.by(() => this.list.problem ?? this.lines.problem ?? this.survey.problem);
  drawn: () => void = () => {}; // a chart is
  #following: Following;
  #firstView: View;
  #isGone = false;
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #onSight = (): void => {
    if (document.visibilityState !== 'visible') this.#following.close();
    else if (readAgainMs(this.view) > 0) void this.#read();
  };

  constructor(studio: Pick<Studio, 'api'>, first: First) {
    const calls = performanceCalls(studio.api);
    this.#firstView = first.view;
    this.list = new FigureList(calls);
    this.lines = new Lines(calls, first);
    this.survey = new RouteSurvey(calls, this.list);
    this.#following = new Following({
      onpoints: (tail) => this.lines.goOn(tail, this.#span()),
      // It is opened anew after what it did not tell was read.
      onend: (isRefused) => void (isRefused ? this.#readAgain() : this.#read()),
    });
  }
  async start(): Promise<void> {
    document.addEventListener('visibilitychange', this.#onSight);
    await this.retry(new Promise<void>((done) => {
      // Once it is painted, too.
      this.drawn = () => requestAnimationFrame(() => setTimeout(done));
      setTimeout(done, FIRST_WAIT_MS);
    }));
  }
  dispose(): void {
    this.#isGone = true;
    document.removeEventListener('visibilitychange', this.#onSight);
    clearTimeout(this.#gathering);
    clearTimeout(this.#timer);
    this.#following.close();
    this.lines.dispose();
    this.survey.dispose();
  }
  async retry(after?: Promise<unknown>): Promise<void> {
    await this.list.read(after);
    this.survey.expire();
    await this.#read();
  }

  show(view: View, compares: boolean): void {
    if (compares || JSON.stringify(view) !== JSON.stringify(this.#firstView)) this.lines.dropFirst();
    this.view = view;
    this.compares = compares;
    this.cursorMs = null;
    this.survey.expire();
    void this.#read();
  }
  // A panel that is seen, with the figures it draws; what comes back says that it is seen no more.
  want(panel: string, wish: Wish): () => void {
    const leave = this.lines.want(panel, wish);
    this.#gather();
    return leave;
  }
  // What is told of all routes is in sight, or no more.
  lookAtRoutes(isSeen: boolean): void {
    if (!this.survey.look(isSeen)) return;
    if (this.lines.latest) this.#lookAround();
    else this.#gather();
  }
  toggle = (figure: string): void => {
    const hidden = new Set(this.hidden);
    if (!hidden.delete(figure)) hidden.add(figure);
    this.hidden = hidden;
  };

  #span(): Span {
    return spanOf(this.view, Date.now());
  }
  #gather(): void {
    clearTimeout(this.#gathering);
    this.#gathering = setTimeout(() => void this.#read(), GATHER_MS);
  }
  async #read(): Promise<void> {
    clearTimeout(this.#gathering);
    clearTimeout(this.#timer);
    if (this.#isGone || !(await this.lines.read(this.#span(), this.compares))) return;
    this.#readAgain();
    this.#lookAround();
  }
  #lookAround(): void {
    // Nobody else would ask again, where the list could not be read or a studio has answered nothing yet.
    if (!this.list.hasRoutes) void this.list.read();
    if (this.survey.isDue) void this.survey.read(this.#span());
  }
  // What is drawn goes on as it is told; or it is read again after a while.
  #readAgain(): void {
    clearTimeout(this.#timer);
    if (document.visibilityState !== 'visible') return;
    const isTold = this.#follow();
    const afterMs = isTold && !this.survey.isNew ? SURVEY_AGAIN_MS : readAgainMs(this.view);
    if (afterMs === 0) return;
    this.#timer = setTimeout(() => {
      if (document.visibilityState !== 'visible') return;
      if (!isTold || !this.#following.isOpen) return void this.#read();
      this.#lookAround();
      this.#readAgain();
    }, afterMs);
  }
  // False: nothing is told.
  #follow(): boolean {
    if (isMoving(this.view) && !this.compares && this.lines.latest) return this.#following.follow(this.lines.figures);
    this.#following.close();
    return false;
  }
}
