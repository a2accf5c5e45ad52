import { chatCalls, type ChatCalls } from '$lib/api/chat';
import type { Folder } from '$lib/api/chat-types';
import { asProblem } from '$lib/api/problem';
import type { StudioEvent } from '$lib/api/types';
import type { Studio } from '$lib/state/studio.svelte';

const byPlace = (a: Folder, b: Folder): number => a.place - b.place || a.name.localeCompare(b.name);

// The folders threads are kept in: read once, then moved by events.
export class Folders {
  items = $state.raw<readonly Folder[]>([]);
  #studio: Pick<Studio, 'api' | 'hub' | 'complain'>;
  #calls: ChatCalls;
  #stops: (() => void)[] = [];

  constructor(studio: Pick<Studio, 'api' | 'hub' | 'complain'>) {
    this.#studio = studio;
    this.#calls = chatCalls(studio.api);
  }
  start(): void {
    this.#stops = [this.#studio.hub.listen((events) => this.hear(events)), this.#studio.hub.onFresh(() => void this.load())];
    void this.load();
  }
  dispose(): void {
    this.#stops.forEach((stop) => stop());
  }

  async load(): Promise<void> {
    try {
      this.items = (await this.#calls.folders()).items.toSorted(byPlace);
    } catch (error) {
      // The threads are read beside them, and say that the server does not answer.
      if (!asProblem(error).isOffline) this.#studio.complain(error, () => void this.load());
    }
  }
  hear(events: readonly StudioEvent[]): void {
    for (const event of events) {
      if (event.type === 'folder.changed') this.#take(event.data);
      else if (event.type === 'folder.deleted') this.items = this.items.filter(({ id }) => id !== event.data.id);
    }
  }
  #take(told: Folder): void {
    this.items = [...this.items.filter(({ id }) => id !== told.id), told].sort(byPlace);
  }

  // Both throw what was refused: the form shows it.
  async add(name: string): Promise<Folder> {
    const folder = await this.#calls.createFolder(name.trim());
    this.#take(folder);
    return folder;
  }
  async rename(id: string, name: string): Promise<void> {
    this.#take(await this.#calls.changeFolder(id, name.trim()));
  }
  // Its threads stay.
  async remove(id: string): Promise<void> {
    try {
      await this.#calls.deleteFolder(id);
      this.items = this.items.filter((folder) => folder.id !== id);
    } catch (error) {
      this.#studio.complain(error, () => void this.remove(id));
    }
  }
}
