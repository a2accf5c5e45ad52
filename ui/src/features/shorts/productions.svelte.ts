import { asProblem, type Problem } from '$lib/api/problem';
import type { ProductionSummary, StudioEvent } from '$lib/api/types';
import { t } from './words';
import type { Studio } from '$lib/state/studio.svelte';
import { UNDO_MS } from '$lib/state/undoable';

const PAGE_SIZE = 24;

// Newest first, which is the order of ids. What lies beyond the pages read so far comes with them.
export function placed(items: readonly ProductionSummary[], told: ProductionSummary, hasMore: boolean): ProductionSummary[] {
  const at = items.findIndex((item) => item.id <= told.id);
  if (at < 0) return hasMore ? [...items] : [...items, told];
  return items[at]!.id === told.id ? items.with(at, told) : items.toSpliced(at, 0, told);
}

// The list of shorts: read once, then moved by events.
export class Productions {
  items = $state.raw<ProductionSummary[]>([]);
  next = $state('');
  isLoaded = $state(false);
  isLoading = $state(false);
  problem = $state.raw<Problem | null>(null);
  #hidden = $state.raw<ReadonlySet<string>>(new Set());
  readonly shown = $derived(this.items.filter((item) => !this.#hidden.has(item.id)));
  #studio: Studio;
  #stops: (() => void)[] = [];

  constructor(studio: Studio) {
    this.#studio = studio;
  }

  start(): void {
    this.#stops = [this.#studio.hub.listen((events) => this.#hear(events)), this.#studio.hub.onFresh(() => void this.load())];
    void this.load();
  }
  dispose(): void {
    this.#stops.forEach((stop) => stop());
  }

  async load(): Promise<void> {
    this.isLoading = true;
    try {
      const page = await this.#studio.api.productions({ limit: PAGE_SIZE });
      this.items = page.items;
      this.next = page.next;
      this.isLoaded = true;
      this.problem = null;
      this.#studio.runs.put(...page.items.flatMap((item) => (item.run ? [item.run] : [])));
    } catch (error) {
      this.problem = asProblem(error);
    }
    this.isLoading = false;
  }

  async more(): Promise<void> {
    if (this.next === '' || this.isLoading) return;
    this.isLoading = true;
    try {
      const page = await this.#studio.api.productions({ limit: PAGE_SIZE, after: this.next });
      const known = new Set(this.items.map((item) => item.id));
      this.items = [...this.items, ...page.items.filter((item) => !known.has(item.id))];
      this.next = page.next;
    } catch (error) {
      this.#studio.complain(error, () => void this.more());
    }
    this.isLoading = false;
  }

  #hear(events: readonly StudioEvent[]): void {
    for (const event of events) {
      if (event.type === 'production.deleted') this.items = this.items.filter((item) => item.id !== event.data.id);
      if (event.type === 'production.changed') this.#take(event.data);
    }
  }

  #take(told: ProductionSummary): void {
    this.items = placed(this.items, told, this.next !== '');
    if (told.run) this.#studio.runs.put(told.run);
  }

  // Gone from the page at once, from the server when it can no longer be taken back.
  remove(item: ProductionSummary): void {
    const name = `production.${item.id}`;
    const show = (): void => void (this.#hidden = new Set([...this.#hidden].filter((id) => id !== item.id)));
    this.#hidden = new Set([...this.#hidden, item.id]);
    this.#studio.deletions.start(name, (keepalive) => {
      this.#studio.api.deleteProduction(item.id, keepalive).catch((error: unknown) => {
        show();
        this.#studio.complain(error, () => this.remove(item));
      });
    });
    const undo = (): void => {
      if (this.#studio.deletions.undo(name)) show();
    };
    this.#studio.toasts.show({ text: t('shorts.deleted', { title: item.title }), action: { label: t('action.undo'), run: undo } }, UNDO_MS);
  }
}
