import type { ChatCalls } from '$lib/api/chat';
import type { Message, Shape, ThreadPage, ToldMessage } from '$lib/api/chat-types';
import { Entry } from './entry.svelte';
import { HeldMessages } from './held.svelte';
import { Passage, STEP } from './passage.svelte';
import { Tree } from './tree';

// So many messages of its end are read when a thread is opened.
export const WINDOW = 30;
const WINDOW_MAX = 200;

interface Of {
  id: () => string; // the thread's
  canAsk: () => boolean; // there is somebody who has what is not here
  complain: (error: unknown, retry?: () => void) => void;
}

// The branch of a thread that is shown: which messages it has, those of them that are here, and the stretch that is on the page.
// With the tree of the whole thread, which says what other branches there are.
export class Branch {
  path = $state.raw<readonly number[]>([]); // its messages, from the beginning of the thread
  arrived = $state(0); // messages added to its end since the page was opened
  readonly passage = new Passage();
  readonly held: HeldMessages;
  #tree = new Tree();
  #grown = $state(0); // the tree is no state: it says here that it grew
  #wantedHead = 0; // told of, but not known yet
  #calls: Pick<ChatCalls, 'message' | 'messages'>;
  #of: Of;

  readonly shown = $derived.by((): Entry[] => this.path.slice(this.passage.start, this.passage.end).flatMap((number) => this.held.get(number) ?? []));

  constructor(calls: Pick<ChatCalls, 'message' | 'messages'>, of: Of) {
    this.#calls = calls;
    this.#of = of;
    this.held = new HeldMessages(calls, of.id);
  }

  get head(): number {
    return this.path.at(-1) ?? 0;
  }
  // The whole tree, for those who draw it. It is no state: what is read from it is old once `arrived` or the branch is another.
  get tree(): Tree {
    void this.#grown;
    return this.#tree;
  }
  // Those beside a message, and which of them it is.
  besidesOf(number: number): { at: number; of: readonly number[] } {
    const of = this.tree.siblingsOf(number);
    return { at: of.indexOf(number), of };
  }
  // All that a message says; null where it is not here.
  textOf(number: number): string | null {
    return this.held.get(number)?.text ?? null;
  }
  // What a message and those before it say, without keeping them here.
  async readTexts(from: number, limit: number, signal?: AbortSignal): Promise<ReadonlyMap<number, string>> {
    const { messages } = await this.#calls.messages(this.#of.id(), { from }, limit, signal);
    return new Map(messages.map((message) => [message.number, new Entry(message).text]));
  }
  // What the person asked before, newest first.
  promptsBefore(): string[] {
    return this.path.toReversed().flatMap((number) => {
      const entry = this.#tree.roleOf(number) === 'user' ? this.held.get(number) : undefined;
      return entry && entry.text !== '' ? [entry.text] : [];
    });
  }

  // --- what is read, and what is kept of it ---

  // How many messages of its end are read again, so that the reader stays where they are.
  get windowSize(): number {
    return Math.min(WINDOW_MAX, Math.max(WINDOW, this.path.length - this.passage.start));
  }
  // The shape as it was read. What is shown of the old one stays until another head is.
  become(shape: Shape): void {
    this.#tree = new Tree(shape);
    this.#grown += 1;
  }
  // What was read with that shape, asked for when the messages were at `versions`. Lets go of all that is neither on the page nor one of
  // `beside`, of which those that were not read are.
  takeRead(messages: readonly Message[], versions: ReadonlyMap<number, number>, beside: readonly number[]): void {
    this.held.retain(new Set([...this.path.slice(this.passage.start, this.passage.end), ...beside]));
    for (const message of messages) this.held.take(message, versions.get(message.number) ?? 0);
    for (const number of beside) if (!messages.some((message) => message.number === number)) void this.held.readAgain(number);
  }
  // The end of it as it would be read, as far as it is here.
  lastPage(): Pick<ThreadPage, 'messages' | 'shape'> {
    const messages: Message[] = [];
    for (const number of this.path.slice(-WINDOW).toReversed()) {
      const entry = this.held.get(number);
      if (!entry) break;
      messages.unshift({ ...entry.facts, seq: entry.seq, parts: entry.plainParts() });
    }
    return { messages, shape: this.#tree.shape };
  }

  // --- how it grows ---

  // A message that the server has now. False: ones before it are missing.
  add({ number, parent, role }: Pick<Message, 'number' | 'parent' | 'role'>): boolean {
    const isNew = !this.#tree.has(number);
    const isTaken = this.#tree.add(number, parent, role);
    if (isNew && isTaken) this.#grown += 1;
    return isTaken;
  }
  // What the stream tells. False: ones before it are missing, and the thread must be read again.
  hear(told: ToldMessage): boolean {
    const isNew = !this.#tree.has(told.number);
    if (!this.add(told)) return false;
    const entry = this.held.get(told.number);
    if (entry ? !entry.hear(told) : !this.#takeTold(told)) void this.held.readAgain(told.number);
    if (isNew && told.parent === this.head) {
      this.set([...this.path, told.number]);
      this.arrived += 1;
    }
    if (this.#wantedHead === told.number) this.show(told.number);
    return true;
  }
  #takeTold(told: ToldMessage): boolean {
    if (told.parts === null) this.held.put(told.number, new Entry({ ...told, parts: [], seq: 0 }));
    else this.held.put(told.number, new Entry({ ...told, parts: told.parts }));
    return told.parts !== null;
  }

  // --- which it is, and what of it is on the page ---

  // That which ends with `head`: as soon as that is known, where it is not yet.
  show(head: number): void {
    if (head !== 0 && !this.#tree.has(head)) {
      this.#wantedHead = head;
      return;
    }
    this.#wantedHead = 0;
    this.set(this.#tree.branchTo(head));
  }
  set(path: readonly number[]): void {
    this.path = path;
    this.passage.become(path.length);
    this.#fill();
  }
  // Another one, with `number` on the page. Throws what the server refused: nothing has changed then.
  async switch(path: readonly number[], number: number): Promise<void> {
    const at = path.indexOf(number);
    const start = Math.min(this.passage.start, at);
    const end = Math.min(path.length, Math.max(start + STEP, at + STEP));
    await this.held.ensure(path, start, end);
    this.set(path);
    this.passage.set(start, end);
  }

  // After it was read for the first time, or again.
  open(isFirst: boolean): void {
    if (isFirst) this.passage.open();
    else if (this.held.missing(this.path, this.passage.start, this.passage.end).length > 0) this.passage.toEnd();
    this.#fill();
  }
  showEnd(): void {
    this.passage.toEnd();
    this.#fill();
  }
  // Nothing of the stretch that is shown may be missing.
  #fill(): void {
    const { start, end } = this.passage;
    if (this.#of.canAsk() && this.held.missing(this.path, start, end).length > 0) void this.held.ensure(this.path, start, end).catch((error: unknown) => this.#of.complain(error, () => this.#fill()));
  }

  async growUp(): Promise<void> {
    const { start, end } = this.passage;
    if (start > 0) await this.#grow(start - STEP, end);
  }
  async growDown(): Promise<void> {
    const { start, end, length } = this.passage;
    if (end < length) await this.#grow(start, end + STEP);
  }
  async toEnd(): Promise<void> {
    if (!this.passage.isAtEnd && !(await this.#grow(this.path.length - WINDOW, this.path.length))) return;
    this.showEnd();
  }
  async #grow(start: number, end: number): Promise<boolean> {
    const { path } = this;
    if (!this.#of.canAsk() && this.held.missing(path, start, end).length > 0) return false;
    if (!(await this.#ensure(start, end)) || (path !== this.path && path[0] !== this.path[0])) return false;
    this.passage.set(start, end);
    return true;
  }
  // Brings one of its messages onto the page. False: it has none such, or it cannot be read.
  async bring(number: number): Promise<boolean> {
    const at = this.path.indexOf(number);
    if (at < 0) return false;
    if (at >= this.passage.start && at < this.passage.end) return true;
    if (!(await this.#ensure(at - 2, at + STEP))) return false;
    this.passage.reach(at);
    return true;
  }
  async #ensure(start: number, end: number): Promise<boolean> {
    try {
      await this.held.ensure(this.path, start, end);
      return true;
    } catch (error) {
      this.#of.complain(error);
      return false;
    }
  }
}
