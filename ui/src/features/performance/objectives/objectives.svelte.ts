import type { ObjectiveReport } from '$lib/api/objective-types';
import { asProblem, isAbort, type Problem } from '$lib/api/problem';
import type { Studio } from '$lib/state/studio.svelte';
import { performanceCalls, type PerformanceCalls } from '../calls';

// The server looks as often.
const READ_EVERY_MS = 10_000;

// How objectives and budgets stand, read again while the page is in sight.
export class ObjectivesState {
  report = $state.raw<ObjectiveReport | null>(null);
  problem = $state.raw<Problem | null>(null);
  #calls: PerformanceCalls;
  #reading: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #onSight = (): void => {
    if (document.visibilityState === 'visible') void this.read();
  };

  constructor(studio: Studio) {
    this.#calls = performanceCalls(studio.api);
  }
  start(): void {
    document.addEventListener('visibilitychange', this.#onSight);
    void this.read();
  }
  dispose(): void {
    document.removeEventListener('visibilitychange', this.#onSight);
    clearTimeout(this.#timer);
    this.#reading?.abort();
  }
  read = async (): Promise<void> => {
    clearTimeout(this.#timer);
    this.#reading?.abort();
    const asked = (this.#reading = new AbortController());
    try {
      this.report = await this.#calls.objectives(asked.signal);
      this.problem = null;
    } catch (error) {
      if (isAbort(error) || asked.signal.aborted) return;
      this.problem = asProblem(error);
    }
    this.#timer = setTimeout(this.#onSight, READ_EVERY_MS);
  };
}
