import { headOf, type ChatCalls } from '$lib/api/chat';
import type { Part, SentMessages } from '$lib/api/chat-types';
import { newKey } from '$lib/media/secure';
import type { Beside } from './beside.svelte';
import type { Branch } from './branch.svelte';
import { Entry, unsent } from './entry.svelte';
import type { Status } from './status.svelte';
import type { KnownThread } from './thread.svelte';
import type { UnsavedWrites } from './unsaved.svelte';
import { t } from './words';

// What the person sends. The key makes it one message however often it is sent.
export interface Outgoing {
  parts: Part[];
  key: string;
  beside?: readonly string[]; // further models that answer it
}
// Shown before the server has said yes.
export interface Pending {
  key: string;
  user: Entry | null;
  answers: readonly Entry[]; // that on the branch first, then those of further models
  wantsStop: boolean;
}
interface Of {
  calls: Pick<ChatCalls, 'send' | 'answer'>;
  thread: KnownThread;
  branch: Branch;
  beside: Beside;
  writes: UnsavedWrites;
  status: Status;
  isAnswering: () => boolean;
  onlost: () => void; // messages are missing: the thread must be read again
  onsent: () => void; // the server has it, or it is kept until it does
  onended: (wantsStop: boolean) => void; // either way
  complain: (error: unknown, retry: () => void) => void;
}

// What the person says: shown at once, and taken back where it failed.
export class Sending {
  pending = $state.raw<Pending | null>(null);
  #of: Of;

  constructor(of: Of) {
    this.#of = of;
  }

  // True once the server has it. Where it failed the caller keeps what was typed. `below`: another message than the branch's last.
  async send(out: Outgoing, model: string, retry: () => void, below?: number): Promise<boolean> {
    const { thread, branch, writes, calls, complain } = this.#of;
    const parent = below ?? branch.head;
    const user = new Entry(unsent('user', out.parts, ''));
    const beside = out.beside ?? [];
    const message = { parts: out.parts, ...(beside.length > 0 ? { models: [model, ...beside] } : model ? { model } : {}) };
    if (!writes.isFollowing) {
      return this.#write(out.key, parent, user, [model, ...beside], retry, async () => {
        await thread.make(model);
        return calls.send(thread.id, { ...message, parent }, out.key);
      });
    }
    const isBehind = writes.list.length > 0; // what was written before it goes first
    const post = (): Promise<SentMessages | null> => writes.post(out.key, { ...message, parent: isBehind && below === undefined ? null : parent }, thread.wanted(model));
    if (!isBehind) return this.#write(out.key, parent, user, [model, ...beside], retry, post);
    try {
      await post();
      return true;
    } catch (error) {
      complain(error, retry);
      return false;
    }
  }
  // In place of a message, as a branch beside it.
  edit(number: number, out: Outgoing, model: string, retry: () => void): Promise<boolean> {
    return this.send(out, model, retry, this.#of.branch.tree.parentOf(number));
  }
  // Another answer beside this one, or to this question.
  regenerate(number: number, model: string): Promise<boolean> {
    const key = newKey();
    const { branch: { tree }, calls, thread } = this.#of;
    const parent = tree.roleOf(number) === 'user' ? number : tree.parentOf(number);
    return this.#write(key, parent, null, [model], () => void this.regenerate(number, model), () => calls.answer(thread.id, number, model, key));
  }

  // `models` answer, the first on the branch that is shown. `call` gives null where it is kept, and sent later.
  async #write(key: string, parent: number, user: Entry | null, models: readonly string[], retry: () => void, call: () => Promise<SentMessages | null>): Promise<boolean> {
    const { branch, status, thread, writes } = this.#of;
    if (this.pending || this.#of.isAnswering()) return false;
    const before = branch.head;
    const pending: Pending = { key, user, answers: models.map((model) => new Entry(unsent('assistant', [], model))), wantsStop: false };
    this.#of.beside.close();
    this.pending = pending;
    branch.set(branch.tree.branchTo(parent));
    branch.showEnd();
    status.words = t('statusAnswering');
    try {
      const said = await call();
      this.pending = null;
      if (said) this.take(said, pending.user, pending.answers);
      else {
        pending.wantsStop = false;
        status.words = t('statusWaiting');
        if (thread.facts) branch.show(writes.endOf(thread.facts.head, branch.tree));
      }
      this.#of.onsent();
      return true;
    } catch (error) {
      this.pending = null;
      status.words = '';
      branch.show(before);
      branch.showEnd();
      this.#of.complain(error, retry);
      return false;
    } finally {
      this.#of.onended(pending.wantsStop);
    }
  }
  // What the server has now. What is on the page already stays the same there: `user` and `answers`.
  take(said: SentMessages, user: Entry | null, answers: readonly Entry[]): void {
    const { thread, branch, writes } = this.#of;
    const left = [...answers];
    let isWhole = true;
    for (const message of said.messages) {
      isWhole = branch.add(message) && isWhole;
      const known = branch.held.get(message.number);
      const shown = message.role === 'assistant' ? left.shift() : user;
      if (shown && !known) {
        shown.replace(message);
        branch.held.put(message.number, shown);
      } else branch.held.take(message, known?.version ?? 0);
    }
    if (!thread.facts || said.thread.revision >= thread.facts.revision) thread.facts = said.thread;
    if (!isWhole) this.#of.onlost();
    const last = headOf(said);
    if (last && answers.length > 1) this.#of.beside.show(last.parent);
    if (last && branch.tree.has(last.number)) branch.set(branch.tree.branchTo(writes.list.length > 0 ? writes.endOf(last.number, branch.tree) : last.number));
  }
}
