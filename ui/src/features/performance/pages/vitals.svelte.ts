import type { Api } from '$lib/api/client';
import type { PageFigurePage } from '$lib/api/error-types';
import { asProblem, type Problem } from '$lib/api/problem';
import { rowsOf, type VitalsRow } from './vitals';

// What browsers measured of the pages since the studio started.
export class VitalsState {
  rows = $state.raw<readonly VitalsRow[] | null>(null); // null: not read yet
  problem = $state.raw<Problem | null>(null);
  #api: Api;
  constructor(api: Api) {
    this.#api = api;
  }
  async read(): Promise<void> {
    try {
      this.rows = rowsOf((await this.#api.call<PageFigurePage>('GET', '/api/performance/pages')).items);
      this.problem = null;
    } catch (error) {
      this.problem = asProblem(error);
    }
  }
}
