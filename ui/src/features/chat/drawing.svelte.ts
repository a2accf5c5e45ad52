import { asProblem, type Problem } from '$lib/api/problem';
import type Messages from './said/Messages.svelte';

// What draws messages: larger than the rest of the page, so it comes beside the thread itself and not before the page.
export class Drawing {
  View = $state.raw<typeof Messages | null>(null);
  problem = $state.raw<Problem | null>(null);

  async load(): Promise<void> {
    this.problem = null;
    try {
      this.View = (await import('./said/Messages.svelte')).default;
    } catch (error) {
      this.problem = asProblem(error);
    }
  }
}
