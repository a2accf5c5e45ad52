// What is done to many assets at once: shown before the server has said yes, in slices it takes, and taken back where it can be.
import type { BulkChange, BulkVerb } from '$lib/api/asset-types';
import type { Studio } from '$lib/state/studio.svelte';
import { UNDO_MS } from '$lib/state/undoable';
import { BULK_MAX, ROWS_MAX, type LibraryCalls } from './calls';
import type { Filter } from './filter';
import type { Listing } from './listing.svelte';
import type { Selection } from './selection.svelte';
import { t } from './words';

type Rest = Pick<BulkChange, 'tags' | 'folder'>;

export class Acts {
  // How far what takes a while is: of all that are selected, so many are read or done.
  progress = $state.raw<{ done: number; total: number } | null>(null);
  #studio: Studio;
  #calls: LibraryCalls;
  #listing: Listing;
  #selection: Selection;

  constructor(studio: Studio, calls: LibraryCalls, listing: Listing, selection: Selection) {
    this.#studio = studio;
    this.#calls = calls;
    this.#listing = listing;
    this.#selection = selection;
  }

  trash(): Promise<void> {
    return this.#run((ids) => this.trashOnes(ids));
  }
  restore(): Promise<void> {
    return this.#run((ids) => {
      this.#leave(ids);
      return this.#send('restore', ids).then(() => this.#told('library.restored', ids));
    });
  }
  tag(tags: readonly string[]): Promise<void> {
    return this.#run(async (ids) => {
      await this.#send('tag', ids, { tags });
      this.#told('library.tagged', ids, () => this.#send('untag', ids, { tags }));
    });
  }
  untag(tags: readonly string[]): Promise<void> {
    return this.#run(async (ids) => {
      await this.#send('untag', ids, { tags });
      this.#told('library.untagged', ids, () => this.#send('tag', ids, { tags }));
    });
  }
  move(folder: string | null): Promise<void> {
    return this.#run(async (ids) => {
      const { filter } = this.#listing;
      if (filter && filter.folder !== null && filter.folder !== (folder ?? '')) this.#leave(ids);
      await this.#send('move', ids, { folder });
      this.#told('library.moved', ids);
    });
  }
  // For good: hidden now, gone once it can no longer be taken back.
  remove(): Promise<void> {
    return this.#run(async (ids) => {
      const name = `assets.${ids[0]}`;
      this.#leave(ids);
      this.#studio.deletions.start(name, (keepalive) => void this.#send('delete', ids, {}, keepalive).catch((error: unknown) => this.#fail(error)));
      this.#told('library.deletedMany', ids, async () => {
        if (this.#studio.deletions.undo(name)) this.#listing.again();
      });
    });
  }
  async trashOnes(ids: readonly string[]): Promise<void> {
    this.#leave(ids);
    try {
      await this.#send('trash', ids);
      this.#told('library.trashed', ids, () => this.#send('restore', ids));
    } catch (error) {
      this.#fail(error);
    }
  }

  #leave(ids: readonly string[]): void {
    this.#listing.take(new Set(ids));
  }
  #fail(error: unknown): void {
    this.#studio.complain(error);
    this.#listing.again();
  }
  #told(key: 'library.trashed' | 'library.restored' | 'library.tagged' | 'library.untagged' | 'library.moved' | 'library.deletedMany', ids: readonly string[], undo?: () => Promise<void>): void {
    const run = (): void => void undo?.().catch((error: unknown) => this.#fail(error));
    this.#studio.toasts.show({ text: t(key, { count: ids.length }), action: undo ? { label: t('action.undo'), run } : null }, UNDO_MS);
  }

  async #run(work: (ids: readonly string[]) => Promise<void>): Promise<void> {
    if (this.progress || this.#selection.isEmpty) return;
    this.progress = { done: 0, total: this.#selection.countOf(this.#listing.total) };
    try {
      const ids = this.#selection.ids ?? (await this.#readAll());
      this.#selection.none();
      if (ids.length > 0) await work(ids);
    } catch (error) {
      this.#fail(error);
    }
    this.progress = null;
  }
  // All that the filter shows but those that were taken out.
  async #readAll(): Promise<string[]> {
    const { except } = this.#selection;
    const filter = this.#listing.filter as Filter;
    const ids: string[] = [];
    for (let after = ''; ; ) {
      const page = await this.#calls.rows(filter, { after, limit: ROWS_MAX });
      for (const { id } of page.items) if (!except.has(id)) ids.push(id);
      if (page.next === '' || page.items.length === 0) return ids;
      after = page.next;
      this.progress = { done: ids.length, total: this.progress?.total ?? ids.length };
    }
  }
  async #send(verb: BulkVerb, ids: readonly string[], rest: Rest = {}, keepalive = false): Promise<void> {
    for (let first = 0; first < ids.length; first += BULK_MAX) {
      await this.#calls.bulk({ verb, ids: ids.slice(first, first + BULK_MAX), ...rest }, keepalive);
      if (this.progress) this.progress = { done: Math.min(ids.length, first + BULK_MAX), total: ids.length };
    }
  }
}
