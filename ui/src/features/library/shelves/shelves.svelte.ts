// The library's folders and tags, as they are now.
import type { AssetFolder, AssetTag } from '$lib/api/asset-types';
import { asProblem, type Problem } from '$lib/api/problem';
import type { StudioEvent } from '$lib/api/types';
import type { Studio } from '$lib/state/studio.svelte';
import type { LibraryCalls } from '../calls';

const AGAIN_MS = 500;

export class Shelves {
  folders = $state.raw<readonly AssetFolder[]>([]);
  tags = $state.raw<readonly AssetTag[]>([]);
  problem = $state.raw<Problem | null>(null);
  #studio: Studio;
  #calls: LibraryCalls;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stops: (() => void)[] = [];

  constructor(studio: Studio, calls: LibraryCalls) {
    this.#studio = studio;
    this.#calls = calls;
  }
  start(): void {
    const { hub } = this.#studio;
    this.#stops = [hub.listen((events) => this.#hear(events)), hub.onFresh(() => void this.load())];
    void this.load();
  }
  dispose(): void {
    this.#stops.forEach((stop) => stop());
    clearTimeout(this.#timer);
  }

  async load(): Promise<void> {
    try {
      const [folders, tags] = await Promise.all([this.#calls.folders(), this.#calls.tags()]);
      this.folders = folders.items;
      this.tags = tags.items;
      this.problem = null;
    } catch (error) {
      this.problem = asProblem(error);
    }
  }
  nameOf(folder: string): string {
    return this.folders.find(({ id }) => id === folder)?.name ?? '';
  }

  // Errors are the caller's to show, beside what was typed.
  async add(name: string): Promise<AssetFolder> {
    const folder = await this.#calls.addFolder(name);
    this.#put(folder);
    return folder;
  }
  async rename(id: string, name: string): Promise<void> {
    this.#put(await this.#calls.renameFolder(id, name));
  }
  async remove(id: string): Promise<void> {
    await this.#calls.removeFolder(id);
    this.folders = this.folders.filter((folder) => folder.id !== id);
  }

  #put(folder: AssetFolder): void {
    this.folders = [...this.folders.filter(({ id }) => id !== folder.id), folder].sort((a, b) => a.place - b.place);
  }
  #hear(events: readonly StudioEvent[]): void {
    for (const event of events) {
      if (event.type === 'asset_folder.changed') this.#put(event.data);
      else if (event.type === 'asset_folder.deleted') this.folders = this.folders.filter(({ id }) => id !== event.data.id);
      // How many have a tag is known to the server alone.
      else if (event.type === 'assets.changed' && event.data.change !== 'move') {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => void this.load(), AGAIN_MS);
      }
    }
  }
  // After a change of one asset's tags, of which no event tells.
  readSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.load(), AGAIN_MS);
  }
}
