import { manualCalls, type ManualPage, type ManualText } from '$lib/api/manual';
import { asProblem, type Problem } from '$lib/api/problem';
import type { Studio } from '$lib/state/studio.svelte';

// The manual as the server has it: titles of all pages, and the text of those that were looked at.
export class Manual {
  pages = $state.raw<ManualPage[]>([]);
  shown = $state.raw<ManualText | null>(null);
  problem = $state.raw<Problem | null>(null);
  #calls: ReturnType<typeof manualCalls>;
  #read = new Map<string, ManualText>();
  #wanted = '';

  constructor(studio: Pick<Studio, 'api'>) {
    this.#calls = manualCalls(studio.api);
  }

  // '' is the first page. What came late for a page that is looked at no more is kept and not shown.
  async show(name: string): Promise<void> {
    this.#wanted = name;
    this.problem = null;
    try {
      if (this.pages.length === 0) this.pages = (await this.#calls.pages()).items;
      const page = name || (this.pages[0]?.name ?? '');
      const known = this.#read.get(page) ?? (await this.#calls.page(page));
      this.#read.set(page, known);
      if (this.#wanted === name) this.shown = known;
    } catch (error) {
      if (this.#wanted === name) this.problem = asProblem(error);
    }
  }
}
