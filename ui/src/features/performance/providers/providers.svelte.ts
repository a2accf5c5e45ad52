import type { Api } from '$lib/api/client';
import type { Overview } from '$lib/api/overview-types';
import { asProblem, isAbort, type Problem } from '$lib/api/problem';

// How models do and what caches save, as last read.
export class ProvidersState {
  overview = $state.raw<Overview | null>(null); // null: not read yet
  problem = $state.raw<Problem | null>(null);
  #api: Api;
  #reading: AbortController | null = null;

  constructor(api: Api) {
    this.#api = api;
  }
  dispose(): void {
    this.#reading?.abort();
  }
  async read(): Promise<void> {
    this.dispose();
    const asked = (this.#reading = new AbortController());
    try {
      const overview = await this.#api.call<Overview>('GET', '/api/performance/metrics', { signal: asked.signal });
      if (asked.signal.aborted) return;
      this.overview = overview;
      this.problem = null;
    } catch (error) {
      if (!isAbort(error) && !asked.signal.aborted) this.problem = asProblem(error);
    }
  }
}
