import type { Studio } from '$lib/state/studio.svelte';
import { Finder } from './finder.svelte';
import { Folders } from './folders.svelte';
import ThreadList from './ThreadList.svelte';
import { Threads } from './threads.svelte';

// The list of threads with all that it knows. Its code comes beside the thread's own, so that neither waits for the other.
export class Lists {
  readonly View = ThreadList;
  readonly threads: Threads;
  readonly folders: Folders;
  readonly finder: Finder;

  constructor(studio: Studio) {
    this.threads = new Threads(studio);
    this.folders = new Folders(studio);
    this.finder = new Finder(studio);
    this.threads.start();
    this.folders.start();
  }
  dispose(): void {
    this.threads.dispose();
    this.folders.dispose();
    this.finder.dispose();
  }
}
