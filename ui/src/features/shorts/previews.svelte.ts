import type { Api } from '$lib/api/client';
import { asProblem, isAbort, type Problem } from '$lib/api/problem';

export interface Picture {
  url: string | null;
  problem: Problem | null;
}
const KEPT_MAX = 60;
const AT_ONCE = 2;

// Frames of scenes as the renderer draws them. A picture stays until its successor is there, so that nothing flashes.
export class Previews {
  #pictures = $state.raw<ReadonlyMap<string, Picture>>(new Map());
  #waiting: { key: string; scene: string; width: number }[] = [];
  #going = new Set<string>();
  #abort = new AbortController();
  #api: Api;
  #production: string;

  constructor(api: Api, production: string) {
    this.#api = api;
    this.#production = production;
  }

  find(key: string): Picture | undefined {
    return this.#pictures.get(key);
  }

  // Asked for again and again while a page draws; only the first asks the server.
  want(key: string, scene: string, width: number): void {
    if (this.#pictures.has(key) || this.#going.has(key) || this.#waiting.some((want) => want.key === key)) return;
    // The newest wish first: it is what the person looks at.
    this.#waiting.unshift({ key, scene, width });
    void this.#next();
  }

  forget(key: string): void {
    const next = new Map(this.#pictures);
    next.delete(key);
    this.#pictures = next;
  }

  dispose(): void {
    this.#abort.abort();
    this.#waiting = [];
    for (const { url } of this.#pictures.values()) if (url) URL.revokeObjectURL(url);
  }

  async #next(): Promise<void> {
    const want = this.#going.size < AT_ONCE ? this.#waiting.shift() : undefined;
    if (!want) return;
    this.#going.add(want.key);
    try {
      const blob = await this.#api.scenePreview(this.#production, want.scene, want.width, this.#abort.signal);
      this.#keep(want.key, { url: URL.createObjectURL(blob), problem: null });
    } catch (error) {
      if (!isAbort(error)) this.#keep(want.key, { url: null, problem: asProblem(error) });
    }
    this.#going.delete(want.key);
    void this.#next();
  }

  #keep(key: string, picture: Picture): void {
    const next = new Map(this.#pictures);
    next.set(key, picture);
    const oldest = next.size > KEPT_MAX ? next.keys().next().value : undefined;
    if (oldest !== undefined) {
      const { url } = next.get(oldest) ?? { url: null };
      if (url) URL.revokeObjectURL(url);
      next.delete(oldest);
    }
    this.#pictures = next;
  }
}
