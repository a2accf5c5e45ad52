import type { ChatCalls } from '$lib/api/chat';
import type { Message, Thread } from '$lib/api/chat-types';
import type { Beside } from './beside.svelte';
import type { Branch } from './branch.svelte';
import type { Entry } from './entry.svelte';
import type { Sending } from './sending.svelte';

interface Of {
  calls: Pick<ChatCalls, 'stop' | 'stopAll' | 'goOn'>;
  id: () => string; // the thread's
  branch: Branch;
  beside: Beside;
  sending: Sending;
  onstopped: (thread: Thread) => void; // all of them
  onchanged: (number: number) => void; // that at the end of the branch
  complain: (error: unknown, retry: () => void) => void;
}

// The answers that are being made, and those that broke off.
export class Answers {
  #of: Of;

  // That at the end of the branch.
  readonly open = $derived.by((): Entry | null => {
    const { sending, branch } = this.#of;
    if (sending.pending) return sending.pending.answers[0] ?? null;
    const last = branch.held.get(branch.head);
    return last?.isOpen ? last : null;
  });

  constructor(of: Of) {
    this.#of = of;
  }

  // All that are shown: at the end of the branch, or side by side.
  async stop(): Promise<void> {
    const { sending, beside } = this.#of;
    if (sending.pending) return void (sending.pending.wantsStop = true);
    const open = beside.entries.filter(({ isOpen }) => isOpen);
    if (open.length > 1) return this.#stopAll();
    const entry = this.open ?? open[0];
    if (entry) await this.stopOne(entry);
  }
  stopOne(entry: Entry): Promise<void> {
    const { calls, id } = this.#of;
    return this.#change(entry, (number) => calls.stop(id(), number), () => void this.stopOne(entry));
  }
  // Answers that are not shown, too.
  async #stopAll(): Promise<void> {
    const { calls, id, onstopped, complain } = this.#of;
    try {
      onstopped(await calls.stopAll(id()));
    } catch (error) {
      complain(error, () => void this.stop());
    }
  }
  // One that broke off goes on where it did.
  goOn(entry: Entry): Promise<void> {
    const { calls, id } = this.#of;
    return this.#change(entry, (number) => calls.goOn(id(), number), () => void this.goOn(entry));
  }
  async #change(entry: Entry, call: (number: number) => Promise<Message>, retry: () => void): Promise<void> {
    const { number } = entry.facts;
    const { version } = entry;
    try {
      entry.takeRead(await call(number), version);
      if (this.#of.branch.head === number) this.#of.onchanged(number);
    } catch (error) {
      this.#of.complain(error, retry);
    }
  }
}
