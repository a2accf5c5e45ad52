import { isLaneOfNew, laneOfNew, type NewMessage, type NewThread } from '$lib/api/chat';
import type { SentMessages, Thread, ThreadChange, ThreadPage } from '$lib/api/chat-types';
import { newKey } from '$lib/media/secure';
import type { Told, Waiting } from '$lib/offline/journal.svelte';
import type { Kept } from '$lib/offline/kept';
import { Entry, unsent } from './entry.svelte';
import type { Tree } from './tree';

// Kept here, and not at the server as far as anybody knows.
export interface Unsaved {
  waiting: Waiting;
  entry: Entry;
}
interface Of {
  id: () => string; // the thread's; '' until it is made
  pending: () => string | undefined; // the key of what is shown as sent already
}

// What was written in a thread and is not saved yet: it follows the branch, is kept by the journal, and goes out in order. Until
// the journal is here there is nothing of that kind, and the room sends by itself.
export class UnsavedWrites {
  threadKey = $state(newKey()); // makes a new thread one, however often it is made
  #kept = $state.raw<Kept | null>(null);
  #entries = new Map<string, Entry>();
  #of: Of;

  readonly list = $derived.by((): Unsaved[] => {
    const lane = this.lane;
    const pending = this.#of.pending();
    const waiting = this.#kept?.journal.entries.filter((each) => each.lane === lane && each.message && each.state !== 'sending' && each.key !== pending) ?? [];
    return waiting.map((each) => ({ waiting: each, entry: this.#entryOf(each) }));
  });

  constructor(of: Of) {
    this.#of = of;
  }
  #entryOf({ key, message }: Waiting): Entry {
    let entry = this.#entries.get(key);
    if (!entry) this.#entries.set(key, (entry = new Entry(unsent('user', message?.parts ?? [], ''))));
    return entry;
  }
  // What stands for it on the page, which is the room's from here on.
  take(key: string): Entry | null {
    const entry = this.#entries.get(key) ?? null;
    this.#entries.delete(key);
    return entry;
  }

  get lane(): string {
    return this.#of.id() || laneOfNew(this.threadKey);
  }
  get isFollowing(): boolean {
    return this.#kept !== null;
  }
  // One of the thread's writes is on its way.
  get isTrying(): boolean {
    return this.#kept?.journal.isTrying(this.#of.id()) === true;
  }

  // From here on what is written is kept until the server has it. A new thread takes up what one before it left, where it may.
  // Null: it did so already; else what ends the listening.
  follow(kept: Kept, takesUp: boolean, listen: (told: Told) => void): (() => void) | null {
    if (this.#kept === kept) return null;
    this.#kept = kept;
    const left = takesUp && kept.journal.entries.find(({ lane, state }) => isLaneOfNew(lane) && state !== 'sending');
    if (left) this.threadKey = left.lane.slice(laneOfNew('').length);
    return kept.journal.listen(listen);
  }
  // Which message the branch ends with: that which waits to be sent belongs below its own.
  endOf(head: number, tree: Tree): number {
    const parent = this.list[0]?.waiting.message?.parent ?? null;
    return parent === null || (parent !== 0 && !tree.has(parent)) ? head : parent;
  }

  // Null: it is kept, and sent later. `thread` is made first, where there is none yet. Throws what was refused.
  post(key: string, message: Omit<NewMessage, 'parent'> & { parent: number | null }, thread: NewThread): Promise<SentMessages | null> {
    const create = this.#of.id() === '' ? { create: { body: thread, key: this.threadKey } } : {};
    return this.#kept!.journal.post({ key, lane: this.lane, ...create, message });
  }
  discard(key: string): void {
    this.#kept?.journal.discard(key);
  }
  again(key: string): void {
    this.#kept?.journal.again(key);
  }

  // The thread as the server has it, with what was changed and is not saved yet.
  changed(thread: Thread): Thread {
    return this.#kept?.journal.changed(thread) ?? thread;
  }
  // Nothing is said in it: what waits may have waited for that.
  wake(): void {
    if (this.list.length > 0) this.#kept?.journal.wake(this.#of.id());
  }
  // False: nothing keeps it.
  keepChange(change: ThreadChange): boolean {
    this.#kept?.journal.keepChange(this.#of.id(), change, newKey());
    return this.#kept !== null;
  }

  // The thread itself, for when there is no network.
  keepPage(page: () => ThreadPage | null): void {
    this.#kept?.threads.keep(this.#of.id(), page);
  }
  forgetPage(): void {
    this.#kept?.threads.forget(this.#of.id());
  }
}
