import { asProblem, type Problem } from '$lib/api/problem';
import type { PerformanceCalls } from './calls';
import { Catalogue } from './figure';
import { routesOf } from './routes';

// Which figures there are. They come into being when something first happens: the list is read again.
export class FigureList {
  catalogue = $state.raw<Catalogue | null>(null);
  problem = $state.raw<Problem | null>(null); // without a list; one of before is still good
  readonly hasRoutes = $derived(this.catalogue !== null && routesOf(this.catalogue).length > 0);
  #names = '';
  #reading: Promise<void> | null = null;
  #calls: Pick<PerformanceCalls, 'figures'>;

  constructor(calls: Pick<PerformanceCalls, 'figures'>) {
    this.#calls = calls;
  }
  // Asked for once, however many want it meanwhile, and not shown before `after`.
  read(after?: Promise<unknown>): Promise<void> {
    return (this.#reading ??= this.#read(after).finally(() => (this.#reading = null)));
  }
  async #read(after?: Promise<unknown>): Promise<void> {
    try {
      const [{ items }] = await Promise.all([this.#calls.figures(), after]);
      this.problem = null;
      const names = items.join('\n');
      if (names === this.#names && this.catalogue) return;
      this.#names = names;
      this.catalogue = new Catalogue(items);
    } catch (error) {
      if (!this.catalogue) this.problem = asProblem(error);
    }
  }
}
