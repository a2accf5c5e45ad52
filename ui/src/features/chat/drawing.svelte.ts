import type { Component } from 'svelte';

export type Draw = Component<{ text: string; isOpen: boolean }>;

// What draws answers: larger than the rest of the page, so it comes beside the thread itself and not before the page.
export class Drawing {
  draw = $state.raw<Draw | null>(null);
  isReady = $state(false); // here, or not to be had: then texts are shown as they are

  async load(): Promise<void> {
    try {
      this.draw = (await import('$lib/md/Markdown.svelte')).default;
    } catch {
      // Not reachable: the words can be read all the same.
    }
    this.isReady = true;
  }
}
