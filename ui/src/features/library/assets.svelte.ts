import { asProblem, isAbort, type Problem } from '$lib/api/problem';
import type { Asset, AssetKind, StudioEvent } from '$lib/api/types';
import { t } from './words';
import { newKey } from '$lib/media/secure';
import type { Studio } from '$lib/state/studio.svelte';
import { UNDO_MS } from '$lib/state/undoable';

const PAGE_SIZE = 48;
const UPLOADS_AT_ONCE = 2;

export interface Upload {
  id: string;
  file: File;
  fraction: number;
  problem: Problem | null;
  abort: AbortController;
}

// The library's assets of one kind, and what is being added to them.
export class Assets {
  items = $state.raw<Asset[]>([]);
  uploads = $state.raw<Upload[]>([]);
  next = $state('');
  isLoaded = $state(false);
  isLoading = $state(false);
  problem = $state.raw<Problem | null>(null);
  #kind: AssetKind | undefined;
  #hidden = $state.raw<ReadonlySet<string>>(new Set());
  readonly shown = $derived(this.items.filter((item) => !this.#hidden.has(item.id)));
  #studio: Studio;
  #stops: (() => void)[] = [];
  #sending = 0;

  constructor(studio: Studio) {
    this.#studio = studio;
  }
  start(): void {
    this.#stops = [
      this.#studio.hub.listen((events) => this.#hear(events)),
      this.#studio.hub.onFresh(() => void (this.isLoaded && this.load(this.#kind))),
    ];
  }
  dispose(): void {
    this.#stops.forEach((stop) => stop());
  }

  async load(kind: AssetKind | undefined): Promise<void> {
    if (kind !== this.#kind) {
      this.items = [];
      this.isLoaded = false;
    }
    this.#kind = kind;
    try {
      const page = await this.#studio.api.assets({ kind, limit: PAGE_SIZE });
      if (this.#kind !== kind) return;
      this.items = page.items;
      this.next = page.next;
      this.isLoaded = true;
      this.problem = null;
    } catch (error) {
      this.problem = asProblem(error);
    }
  }

  async more(): Promise<void> {
    if (this.next === '' || this.isLoading) return;
    this.isLoading = true;
    try {
      const page = await this.#studio.api.assets({ kind: this.#kind, limit: PAGE_SIZE, after: this.next });
      page.items.forEach((item) => this.#put(item, true));
      this.next = page.next;
    } catch (error) {
      this.#studio.complain(error, () => void this.more());
    }
    this.isLoading = false;
  }

  #put(asset: Asset, isLast = false): void {
    if (this.#kind && asset.kind !== this.#kind) return;
    const at = this.items.findIndex((item) => item.id === asset.id);
    this.items = at >= 0 ? this.items.with(at, asset) : isLast ? [...this.items, asset] : [asset, ...this.items];
  }

  #hear(events: readonly StudioEvent[]): void {
    for (const event of events) {
      if (event.type === 'asset.changed') this.#put(event.data);
      if (event.type === 'asset.deleted') this.items = this.items.filter((item) => item.id !== event.data.id);
    }
  }

  // ---- uploads ----

  add(files: readonly File[]): void {
    const added = files.map((file): Upload => ({ id: newKey(), file, fraction: -1, problem: null, abort: new AbortController() }));
    this.uploads = [...this.uploads, ...added];
    this.#sendNext();
  }
  retry(id: string): void {
    this.#change(id, { problem: null, fraction: -1 });
    this.#sendNext();
  }
  stop(id: string): void {
    this.uploads.find((upload) => upload.id === id)?.abort.abort();
    this.uploads = this.uploads.filter((upload) => upload.id !== id);
  }

  #change(id: string, change: Partial<Upload>): void {
    this.uploads = this.uploads.map((upload) => (upload.id === id ? { ...upload, ...change } : upload));
  }

  #sendNext(): void {
    const next = this.#sending < UPLOADS_AT_ONCE ? this.uploads.find((upload) => upload.fraction < 0 && !upload.problem) : undefined;
    if (!next) return;
    this.#sending += 1;
    this.#change(next.id, { fraction: 0 });
    void this.#send(next).finally(() => {
      this.#sending -= 1;
      this.#sendNext();
    });
    this.#sendNext();
  }

  async #send({ id, file, abort }: Upload): Promise<void> {
    try {
      const asset = await this.#studio.api.uploadAsset(file, { signal: abort.signal, onProgress: (sent, total) => this.#change(id, { fraction: total > 0 ? sent / total : 0 }) });
      this.uploads = this.uploads.filter((upload) => upload.id !== id);
      this.#put(asset);
    } catch (error) {
      if (!isAbort(error)) this.#change(id, { problem: asProblem(error), fraction: 0 });
    }
  }

  // ---- deleting ----

  remove(asset: Asset): void {
    const name = `asset.${asset.id}`;
    const show = (): void => void (this.#hidden = new Set([...this.#hidden].filter((id) => id !== asset.id)));
    this.#hidden = new Set([...this.#hidden, asset.id]);
    this.#studio.deletions.start(name, (keepalive) => {
      this.#studio.api.deleteAsset(asset.id, keepalive).then(
        () => (this.items = this.items.filter((item) => item.id !== asset.id)),
        (error: unknown) => {
          show();
          this.#studio.complain(error, () => this.remove(asset));
        },
      );
    });
    const undo = (): void => {
      if (this.#studio.deletions.undo(name)) show();
    };
    this.#studio.toasts.show({ text: t('library.deleted', { name: asset.name }), action: { label: t('action.undo'), run: undo } }, UNDO_MS);
  }
}
