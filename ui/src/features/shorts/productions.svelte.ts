import { asProblem, type Problem } from '$lib/api/problem';
import type { ProductionSummary, Run, StudioEvent } from '$lib/api/types';
import { t } from '$lib/i18n/messages';
import type { Studio } from '$lib/state/studio.svelte';
import { UNDO_MS } from '$lib/state/undoable';
import { isRenderOf, summaryOf } from './renders';

const PAGE_SIZE = 24;

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
      if (event.type === 'run.changed') this.#hearRun(event.data);
    }
  }

  #take(told: ProductionSummary): void {
    const at = this.items.findIndex((item) => item.id === told.id);
    this.items = at < 0 ? [told, ...this.items] : this.items.with(at, told);
    if (told.run) this.#studio.runs.put(told.run);
  }

  // The run tells that it began or ended; only the production knows what came of it.
  #hearRun(run: Run): void {
    const item = this.items.find((each) => isRenderOf(run, each.id));
    if (!item || run.id < (item.run?.id ?? '') || (run.id === item.run?.id && item.run.state !== 'running')) return;
    this.#take({ ...item, run, state: run.state === 'running' ? 'rendering' : item.state });
    if (run.state === 'running') return;
    // Refused: the list is read afresh with the next connection.
    this.#studio.api.production(item.id).then((production) => this.#take(summaryOf(production)), () => {});
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
