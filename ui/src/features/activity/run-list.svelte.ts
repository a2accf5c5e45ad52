import { asProblem, type Problem } from '$lib/api/problem';
import type { Run, StudioEvent } from '$lib/api/types';
import { t } from '$lib/i18n/messages';
import type { Studio } from '$lib/state/studio.svelte';

const PAGE_SIZE = 40;
const KIND = 'production.render'; // what a person asked for; a scene's preview is none of it

// Runs in the order they were asked for, newest first: read once, then moved by events.
export class RunList {
  #ids = $state.raw<string[]>([]);
  next = $state('');
  isLoaded = $state(false);
  isLoading = $state(false);
  problem = $state.raw<Problem | null>(null);
  readonly runs = $derived(this.#ids.flatMap((id) => this.studio.runs.find(id) ?? []));
  private readonly studio: Studio;
  #stops: (() => void)[] = [];

  constructor(studio: Studio) {
    this.studio = studio;
  }

  start(): void {
    this.#stops = [this.studio.hub.listen((events) => this.#hear(events)), this.studio.hub.onFresh(() => void this.load())];
    void this.load();
  }
  dispose(): void {
    this.#stops.forEach((stop) => stop());
  }

  async load(): Promise<void> {
    try {
      const page = await this.studio.api.runs({ kind: KIND, limit: PAGE_SIZE });
      this.#put(page.items, true);
      this.next = page.next;
      this.isLoaded = true;
      this.problem = null;
      for (const run of page.items) if (run.state === 'running' && !this.studio.runs.find(run.id)?.steps) void this.studio.runs.load(run.id).catch(() => {});
    } catch (error) {
      this.problem = asProblem(error);
    }
  }

  async more(): Promise<void> {
    if (this.next === '' || this.isLoading) return;
    this.isLoading = true;
    try {
      const page = await this.studio.api.runs({ kind: KIND, limit: PAGE_SIZE, after: this.next });
      this.#put(page.items, false);
      this.next = page.next;
    } catch (error) {
      this.studio.complain(error, () => void this.more());
    }
    this.isLoading = false;
  }

  #put(runs: Run[], isFirst: boolean): void {
    this.studio.runs.put(...runs);
    const ids = runs.map((run) => run.id);
    const known = new Set(isFirst ? ids : this.#ids);
    this.#ids = isFirst ? [...ids, ...this.#ids.filter((id) => !known.has(id))] : [...this.#ids, ...ids.filter((id) => !known.has(id))];
  }

  #hear(events: readonly StudioEvent[]): void {
    for (const event of events) {
      if (event.type !== 'run.changed' || event.data.kind !== KIND || this.#ids.includes(event.data.id)) continue;
      this.#ids = [event.data.id, ...this.#ids];
      void this.studio.runs.load(event.data.id).catch(() => {});
    }
  }

  async open(id: string): Promise<void> {
    if (this.studio.runs.find(id)?.steps) return;
    try {
      await this.studio.runs.load(id);
    } catch (error) {
      this.studio.complain(error, () => void this.open(id));
    }
  }

  async cancel(id: string): Promise<void> {
    try {
      this.studio.runs.put(await this.studio.api.cancelRun(id));
    } catch (error) {
      this.studio.complain(error, () => void this.cancel(id));
    }
  }

  async retry(id: string, fromStep?: string): Promise<void> {
    try {
      const run = await this.studio.api.retryRun(id, fromStep);
      this.#put([run], false);
      this.#ids = [run.id, ...this.#ids.filter((known) => known !== run.id)];
      void this.studio.runs.load(run.id).catch(() => {});
      this.studio.toasts.show({ text: t('run.retried') });
    } catch (error) {
      this.studio.complain(error);
    }
  }
}
