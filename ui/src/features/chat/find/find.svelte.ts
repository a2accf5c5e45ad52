// What is looked for in the branch that is shown: in what is here at once, in the rest as it is read, from the end to the beginning.
import { asProblem, isAbort, type Problem } from '$lib/api/problem';

const PAUSE_MS = 150; // of typing
const PAGE = 200;
const TEXTS_MAX = 32 << 20; // characters held; what is older is not looked through

export interface FindPorts {
  path: () => readonly number[];
  textOf: (number: number) => string | null; // null: it is not here
  // The texts of a message and of those before it.
  read: (from: number, limit: number, signal: AbortSignal) => Promise<ReadonlyMap<number, string>>;
}

const plain = (text: string): string => text.toLocaleLowerCase();

export class ThreadFind {
  query = $state('');
  found = $state.raw<readonly number[]>([]); // messages, in the order of the branch
  at = $state(-1); // in `found`
  isReading = $state(false);
  isCut = $state(false); // there is more than is looked through
  problem = $state.raw<Problem | null>(null);
  readonly now = $derived(this.found[this.at] ?? 0);
  #ports: FindPorts;
  #texts = new Map<number, string>();
  #held = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | null = null;

  constructor(ports: FindPorts) {
    this.#ports = ports;
  }
  dispose(): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  look(query: string): void {
    this.dispose();
    this.query = query;
    this.#timer = setTimeout(() => void this.#look(), PAUSE_MS);
  }
  // To the next towards the beginning (-1) or the end (1), and around.
  step(by: 1 | -1): void {
    if (this.found.length > 0) this.at = (this.at + by + this.found.length) % this.found.length;
  }

  async #look(): Promise<void> {
    const wanted = plain(this.query.trim());
    this.found = [];
    this.at = -1;
    this.problem = null;
    this.isCut = false;
    if (wanted === '') return void (this.isReading = false);
    const abort = new AbortController();
    this.#abort = abort;
    this.isReading = true;
    try {
      await this.#walk(wanted, abort.signal);
    } catch (error) {
      if (abort.signal.aborted || isAbort(error)) return;
      this.problem = asProblem(error);
    }
    if (!abort.signal.aborted) this.isReading = false;
  }
  async #walk(wanted: string, signal: AbortSignal): Promise<void> {
    const path = this.#ports.path();
    let found: number[] = [];
    for (let at = path.length - 1; at >= 0; at -= 1) {
      const number = path[at]!;
      if (this.#textOf(number) === null) {
        if (this.#held > TEXTS_MAX) return void (this.isCut = true);
        this.#show(found);
        for (const [read, text] of await this.#ports.read(number, PAGE, signal)) this.#hold(read, text);
        if (signal.aborted) return;
      }
      if (this.#textOf(number)?.includes(wanted)) found = [number, ...found];
    }
    this.#show(found);
  }
  // What is in the room is as it is now; what was read for this is as it was then.
  #textOf(number: number): string | null {
    const here = this.#ports.textOf(number);
    return here === null ? (this.#texts.get(number) ?? null) : plain(here);
  }
  #hold(number: number, text: string): void {
    if (!this.#texts.has(number)) this.#held += text.length;
    this.#texts.set(number, plain(text));
  }
  // More of them come before those known: the one that is looked at stays that one, the last at first.
  #show(found: readonly number[]): void {
    const now = this.now;
    this.found = found;
    this.at = now === 0 ? found.length - 1 : found.indexOf(now);
  }
}
