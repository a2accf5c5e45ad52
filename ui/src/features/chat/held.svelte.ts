import type { ChatCalls } from '$lib/api/chat';
import type { Message, MessageDelta } from '$lib/api/chat-types';
import { Entry } from './entry.svelte';

const READ_MAX = 100;

// The messages of a thread that are here: those on the page, and what was read beside them.
export class HeldMessages {
  #entries = new Map<number, Entry>();
  #held = $state(0); // the map is no state: it says here that it changed
  #calls: Pick<ChatCalls, 'message' | 'messages'>;
  #id: () => string;

  constructor(calls: Pick<ChatCalls, 'message' | 'messages'>, id: () => string) {
    this.#calls = calls;
    this.#id = id;
  }

  // In a derivation or an effect it is looked at anew once another message is here.
  get(number: number): Entry | undefined {
    void this.#held;
    return this.#entries.get(number);
  }
  put(number: number, entry: Entry): void {
    this.#entries.set(number, entry);
    this.#held += 1;
  }
  // What was read, asked for when they were at `version`.
  take(message: Message, version: number): void {
    const known = this.#entries.get(message.number);
    if (known) known.takeRead(message, version);
    else this.put(message.number, new Entry(message));
  }
  // Lets go of all others.
  retain(numbers: ReadonlySet<number>): void {
    for (const number of [...this.#entries.keys()]) if (!numbers.has(number)) this.#entries.delete(number);
  }
  versions(): ReadonlyMap<number, number> {
    return new Map([...this.#entries].map(([number, entry]) => [number, entry.version]));
  }

  grow(delta: MessageDelta): void {
    if (this.#entries.get(delta.number)?.grow(delta) === false) void this.readAgain(delta.number);
  }
  async readAgain(number: number): Promise<void> {
    const entry = this.#entries.get(number);
    const version = entry?.version ?? 0;
    try {
      const message = await this.#calls.message(this.#id(), number);
      if (this.#entries.get(number) === entry) this.take(message, version);
    } catch {
      // The next delta, or the answer's end, finds it still behind.
      entry?.readFailed();
    }
  }

  // Reads those that are not here, each by itself. Throws what the server refused.
  async readEach(numbers: readonly number[]): Promise<void> {
    const read = numbers.filter((number) => !this.#entries.has(number)).map((number) => this.#calls.message(this.#id(), number));
    for (const message of await Promise.all(read)) this.take(message, 0);
  }

  // Those of a stretch of a branch that are not here.
  missing(path: readonly number[], start: number, end: number): number[] {
    return path.slice(Math.max(0, start), end).filter((number) => !this.#entries.has(number));
  }
  // Reads them. Throws what the server refused.
  async ensure(path: readonly number[], start: number, end: number): Promise<void> {
    for (let missing = this.missing(path, start, end); missing.length > 0; ) {
      const from = missing.at(-1)!;
      const limit = Math.min(READ_MAX, path.indexOf(from) - path.indexOf(missing[0]!) + 1);
      const { messages } = await this.#calls.messages(this.#id(), { from }, limit);
      for (const message of messages) if (!this.#entries.has(message.number)) this.put(message.number, new Entry(message));
      const left = this.missing(path, start, end);
      if (left.length === missing.length) return; // what the server does not have
      missing = left;
    }
  }
}
