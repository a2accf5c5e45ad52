import type { Api } from '$lib/api/client';
import { withQuery } from '$lib/api/client';
import type { PageFigurePage } from '$lib/api/error-types';
import { asProblem, type Problem } from '$lib/api/problem';
import { rowsOf, type VitalsRow, type WindowId } from './vitals';

// What browsers measured of the pages in a window of time.
export class VitalsState {
  rows = $state.raw<readonly VitalsRow[] | null>(null); // null: not read yet
  problem = $state.raw<Problem | null>(null);
  #api: Api;
  #reading = 0; // what was asked last is shown, whichever answer comes last
  constructor(api: Api) {
    this.#api = api;
  }
  async read(window: WindowId): Promise<void> {
    const reading = ++this.#reading;
    try {
      const page = await this.#api.call<PageFigurePage>('GET', withQuery('/api/performance/pages', { window }));
      if (reading !== this.#reading) return;
      this.rows = rowsOf(page.items);
      this.problem = null;
    } catch (error) {
      if (reading === this.#reading) this.problem = asProblem(error);
    }
  }
}
