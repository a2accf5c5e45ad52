import { generationCalls, type GenerationCalls } from '$lib/api/generations';
import type { Generation, MediaKind } from '$lib/api/generation-types';
import { asProblem, type Problem } from '$lib/api/problem';
import type { StudioEvent } from '$lib/api/types';
import { newKey } from '$lib/media/secure';
import type { Studio } from '$lib/state/studio.svelte';
import { mergeMade, newestFirst, shownOf, withKnownText } from './order';

const PAGE_SIZE = 24;
const RUN_KIND = 'generation';

// What was made of some kinds, newest first: read once by page, then moved by events.
export class Made {
  items = $state.raw<readonly Generation[]>([]);
  isLoaded = $state(false);
  isLoading = $state(false);
  problem = $state.raw<Problem | null>(null);
  // Where the reading of each kind goes on; '' once all of it is here.
  #next = $state.raw<Readonly<Record<string, string>>>({});
  readonly shown = $derived(shownOf(this.items, this.#next));
  // As far back as all of it was read: what is older may have others between. '': all is here.
  readonly readTo = $derived(Object.values(this.#next).reduce((most, one) => (one > most ? one : most), ''));
  readonly hasMore = $derived(Object.values(this.#next).some((next) => next !== ''));
  #studio: Studio;
  #calls: GenerationCalls;
  #kinds: readonly (MediaKind | '')[];
  #reading = new Map<string, boolean>(); // by id: whether it was told of again meanwhile
  #stops: (() => void)[] = [];

  // `kinds`: [''] for all of them.
  constructor(studio: Studio, kinds: readonly (MediaKind | '')[]) {
    this.#studio = studio;
    this.#calls = generationCalls(studio.api);
    this.#kinds = kinds;
  }
  start(): void {
    this.#stops = [this.#studio.hub.listen((events) => this.#hear(events)), this.#studio.hub.onFresh(() => void this.load())];
    void this.load();
  }
  dispose(): void {
    this.#stops.forEach((stop) => stop());
  }

  async load(): Promise<void> {
    try {
      const pages = await Promise.all(this.#kinds.map((kind) => this.#calls.list({ kind: kind || undefined, limit: PAGE_SIZE })));
      // Read afresh: what is older than these pages is read again when it is asked for.
      this.#next = Object.fromEntries(this.#kinds.map((kind, at) => [kind, pages[at]!.next]));
      const known = new Map(this.items.map((item) => [item.id, item]));
      this.items = newestFirst(pages.flatMap((page) => page.items).map((item) => withKnownText(known.get(item.id), item)));
      this.isLoaded = true;
      this.problem = null;
    } catch (error) {
      this.problem = asProblem(error);
    }
  }
  async more(): Promise<void> {
    // The kind that is read the least far back.
    const [kind, after] = Object.entries(this.#next).sort(([, a], [, b]) => (a < b ? 1 : -1))[0] ?? ['', ''];
    if (after === '' || this.isLoading) return;
    this.isLoading = true;
    try {
      const page = await this.#calls.list({ kind: (kind as MediaKind) || undefined, limit: PAGE_SIZE, after });
      this.put(...page.items);
      this.#next = { ...this.#next, [kind]: page.next };
    } catch (error) {
      this.#studio.complain(error, () => void this.more());
    }
    this.isLoading = false;
  }

  put(...made: Generation[]): void {
    this.items = newestFirst(mergeMade(this.items, made));
  }

  #hear(events: readonly StudioEvent[]): void {
    for (const event of events) {
      if (event.type === 'run.changed' && event.data.kind === RUN_KIND && this.#kinds.some((kind) => kind === '' || kind === event.data.subject)) void this.#read(event.data.id);
      else if (event.type === 'step.changed' && this.#has(event.data.run)) void this.#read(event.data.run);
      else if (event.type === 'step.progress') this.#move(event.data.run, { progress: { done: event.data.done, total: event.data.total } });
      else if (event.type === 'step.partial') this.#move(event.data.run, { partial: event.data.number });
    }
  }
  #has = (id: string): boolean => this.items.some((item) => item.id === id);
  #move(id: string, told: Pick<Generation, 'progress' | 'partial'>): void {
    const at = this.items.findIndex((item) => item.id === id);
    const item = this.items[at];
    if (item?.state === 'running') this.items = this.items.with(at, { ...item, ...told });
  }
  // One at a time of each: what is told of while it is read is read again.
  async #read(id: string): Promise<void> {
    if (this.#reading.has(id)) return void this.#reading.set(id, true);
    do {
      this.#reading.set(id, false);
      try {
        this.put(await this.#calls.one(id));
      } catch {
        // Deleted, or not to be had just now: the stream says when all is to be read afresh.
      }
    } while (this.#reading.get(id));
    this.#reading.delete(id);
  }

  // Lists have the beginning alone of what was heard.
  readWhole = (made: Generation): Promise<void> => this.#do(() => this.#calls.one(made.id));
  cancel = (made: Generation): Promise<void> => this.#do(() => this.#calls.cancel(made.id));
  giveUp = (made: Generation): Promise<void> => this.#do(() => this.#calls.giveUp(made.id));
  retry = (made: Generation, mayPayTwice = false): Promise<void> => {
    const key = newKey();
    return this.#do(() => this.#calls.retry(made.id, mayPayTwice, key));
  };
  async #do(call: () => Promise<Generation>): Promise<void> {
    try {
      this.put(await call());
    } catch (error) {
      this.#studio.complain(error);
    }
  }
}
