import { asProblem, isAbort, type Problem } from '$lib/api/problem';
import type { Asset } from '$lib/api/types';
import type { Studio } from '$lib/state/studio.svelte';

const AT_ONCE_MAX = 16;

// What is being sent to become an input: one after the other.
export class InputUploads {
  now = $state.raw<{ name: string; fraction: number; problem: Problem | null } | null>(null);
  #studio: Studio;
  #waiting: File[] = [];
  #stop = new AbortController();

  constructor(studio: Studio) {
    this.#studio = studio;
  }
  dispose(): void {
    this.#stop.abort();
  }

  async add(files: readonly File[], onasset: (asset: Asset) => void): Promise<void> {
    this.#waiting = [...this.#waiting, ...files].slice(0, AT_ONCE_MAX);
    if (this.now && !this.now.problem) return;
    for (let file = this.#waiting.shift(); file; file = this.#waiting.shift()) {
      const asset = await this.send(file);
      if (asset) onasset(asset);
      else return void (this.#waiting = []);
    }
  }

  // null: it was refused, or the room was left.
  async send(file: File): Promise<Asset | null> {
    const { name } = file;
    this.now = { name, fraction: 0, problem: null };
    try {
      const asset = await this.#studio.api.uploadAsset(file, { signal: this.#stop.signal, onProgress: (sent, total) => (this.now = { name, fraction: total > 0 ? sent / total : 0, problem: null }) });
      this.now = null;
      return asset;
    } catch (error) {
      this.now = isAbort(error) ? null : { name, fraction: 0, problem: asProblem(error) };
      return null;
    }
  }
}
