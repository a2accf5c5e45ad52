// The one asset that is looked at, with what it was made from and where it is used.
import type { AssetChange, AssetDetails } from '$lib/api/asset-types';
import { asProblem, isAbort, type Problem } from '$lib/api/problem';
import type { Studio } from '$lib/state/studio.svelte';
import type { LibraryCalls } from '../calls';

export class Looked {
  asset = $state.raw<AssetDetails | null>(null);
  problem = $state.raw<Problem | null>(null);
  peaks = $state.raw<ArrayBuffer | null>(null);
  #studio: Studio;
  #calls: LibraryCalls;
  #id: string;
  #stop = new AbortController();
  #unlisten: () => void;

  constructor(studio: Studio, calls: LibraryCalls, id: string) {
    this.#studio = studio;
    this.#calls = calls;
    this.#id = id;
    this.#unlisten = studio.hub.listen((events) => {
      if (events.some((event) => (event.type === 'asset.changed' && event.data.id === id) || (event.type === 'assets.changed' && event.data.ids.includes(id)))) void this.load();
    });
    void this.load();
  }
  dispose(): void {
    this.#unlisten();
    this.#stop.abort();
  }

  async load(): Promise<void> {
    try {
      const asset = await this.#calls.details(this.#id, this.#stop.signal);
      const hadPeaks = this.asset?.peaks_url;
      this.asset = asset;
      this.problem = null;
      if (asset.peaks_url && !hadPeaks) await this.#loadPeaks(asset.peaks_url);
    } catch (error) {
      if (!isAbort(error)) this.problem = asProblem(error);
    }
  }
  async #loadPeaks(url: string): Promise<void> {
    const response = await fetch(url, { signal: this.#stop.signal }).catch(() => null);
    if (response?.ok) this.peaks = await response.arrayBuffer();
  }

  // Shown at once; true: the server has it.
  async change(change: AssetChange): Promise<boolean> {
    const before = this.asset;
    if (before) this.asset = { ...before, ...(change.name ? { name: change.name } : {}), ...(change.tags ? { tags: change.tags } : {}), ...(change.folder !== undefined ? { folder: change.folder } : {}) };
    try {
      this.asset = await this.#calls.change(this.#id, change);
      return true;
    } catch (error) {
      this.asset = before;
      this.#studio.complain(error, () => void this.change(change));
      return false;
    }
  }
}
