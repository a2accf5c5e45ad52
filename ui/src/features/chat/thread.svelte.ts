import type { ChatCalls, NewThread } from '$lib/api/chat';
import type { Thread, ThreadChange } from '$lib/api/chat-types';
import { isUnheard } from '$lib/api/problem';
import type { Told } from './told/settings';
import type { UnsavedWrites } from './unsaved.svelte';

interface Of {
  calls: Pick<ChatCalls, 'createThread' | 'changeThread'>;
  writes: UnsavedWrites;
  onmade: (id: string) => void; // it has its id
  ontaken: (thread: Thread) => void; // its facts are others: its head, too
  complain: (error: unknown, retry: () => void) => void;
}

// What is known of the thread itself; of a new one, what it will be.
export class KnownThread {
  id = $state(''); // '' until it has its first message
  facts = $state.raw<Thread | null>(null);
  // What the model is told with every message.
  #wanted = $state.raw<Told>({ system: '', parameters: {} });
  readonly settings = $derived<Told>(this.facts ?? this.#wanted);
  // Deleted a day after it was last used.
  #wantsTemporary = $state(false);
  readonly isTemporary = $derived(this.facts?.is_temporary ?? this.#wantsTemporary);
  #of: Of;

  constructor(id: string, isTemporary: boolean, of: Of) {
    this.id = id;
    this.#wantsTemporary = isTemporary;
    this.#of = of;
  }

  // As it is to be made.
  wanted(model: string): NewThread {
    return { ...this.#wanted, ...(model ? { model } : {}), ...(this.#wantsTemporary ? { is_temporary: true } : {}) };
  }
  // Makes it, where it is new.
  async make(model: string): Promise<void> {
    if (this.id === '') this.become(await this.#of.calls.createThread(this.wanted(model), this.#of.writes.threadKey));
  }
  become(thread: Thread): void {
    this.id = thread.id;
    this.facts = thread;
    this.#of.onmade(thread.id);
  }
  // What the server said of it, unless something newer is known.
  take(told: Thread): void {
    if (this.facts && told.revision < this.facts.revision) return;
    this.facts = this.#of.writes.changed(told);
    if (told.state === 'idle') this.#of.writes.wake();
    this.#of.ontaken(told);
  }

  async change(change: ThreadChange): Promise<void> {
    if (this.id === '') return;
    try {
      await this.#change(change);
    } catch (error) {
      this.#of.complain(error, () => void this.change(change));
    }
  }
  // Throws what was refused: the form shows it.
  async configure({ system, parameters }: Told): Promise<void> {
    if (this.id === '') this.#wanted = { system, parameters };
    else await this.#change({ system, parameters });
  }
  // What nobody answered is kept, and is so here already.
  async #change(change: ThreadChange): Promise<void> {
    try {
      this.take(await this.#of.calls.changeThread(this.id, change));
    } catch (error) {
      if (!this.facts || !isUnheard(error) || !this.#of.writes.keepChange(change)) throw error;
      this.facts = { ...this.facts, ...change };
    }
  }
}
