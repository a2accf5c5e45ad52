// The threads that were open last, as they were then: to be read where there is no network.
import type { Message, Thread, ThreadPage } from '../api/chat-types';
import type { Table } from './table';

const THREADS_MAX = 30;
const MESSAGES_MAX = 30;
const THREAD_BYTES_MAX = 1 << 20;
const ALL_BYTES_MAX = 12 << 20;
const LIST_MAX = 50;
const WRITE_AFTER_MS = 1000;
const LIST = ' list'; // no thread's id has a space

// What was kept, and when: clock milliseconds.
export interface KeptRow {
  id: string;
  at: number;
  bytes: number;
  page?: ThreadPage;
  items?: Thread[];
}

const sizeOf = (value: unknown): number => JSON.stringify(value).length;
// The latest of the messages, as many as there is room for.
function fitted(page: ThreadPage): { page: ThreadPage; bytes: number } {
  let bytes = sizeOf(page.thread) + sizeOf(page.shape);
  let from = page.messages.length;
  const least = Math.max(0, from - MESSAGES_MAX);
  for (; from > least; from -= 1) {
    const more = sizeOf(page.messages[from - 1]);
    if (bytes + more > THREAD_BYTES_MAX) break;
    bytes += more;
  }
  return { page: { ...page, messages: page.messages.slice(from) }, bytes };
}

// An answer that was being made goes on where the server is, not here.
const atRest = (message: Message): Message => (message.state === 'answering' || message.state === 'queued' ? { ...message, state: 'stopped' } : message);

export class KeptThreads {
  #table: Table<KeptRow>;
  #now: () => number;
  #waiting = new Map<string, () => KeptRow | null>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writes: Promise<void> = Promise.resolve();

  constructor(table: Table<KeptRow>, now: () => number) {
    this.#table = table;
    this.#now = now;
  }

  // `read` is called when it is written, a moment later, and gives what is to be kept then.
  keep(id: string, read: () => ThreadPage | null): void {
    this.#soon(id, () => {
      const page = read();
      return page ? { id, at: this.#now(), ...fitted(page) } : null;
    });
  }
  keepList(read: () => readonly Thread[]): void {
    this.#soon(LIST, () => {
      const items = read().slice(0, LIST_MAX);
      return { id: LIST, at: this.#now(), items, bytes: sizeOf(items) };
    });
  }
  async read(id: string): Promise<{ page: ThreadPage; at: number } | null> {
    await this.#writes;
    const row = await this.#table.get(id).catch(() => undefined);
    return row?.page ? { page: { ...row.page, messages: row.page.messages.map(atRest) }, at: row.at } : null;
  }
  async readList(): Promise<{ items: Thread[]; at: number } | null> {
    await this.#writes;
    const row = await this.#table.get(LIST).catch(() => undefined);
    return row?.items ? { items: row.items.map((thread) => ({ ...thread, state: 'idle' as const })), at: row.at } : null;
  }
  forget(id: string): void {
    this.#waiting.delete(id);
    this.#writes = this.#writes.then(() => this.#table.change([], [id])).catch(() => {});
  }
  async clear(): Promise<void> {
    this.#waiting.clear();
    await this.#writes;
    await this.#table.clear().catch(() => {});
  }

  #soon(id: string, read: () => KeptRow | null): void {
    this.#waiting.set(id, read);
    this.#timer ??= setTimeout(() => void this.flush(), WRITE_AFTER_MS);
  }
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const rows = [...this.#waiting.values()].flatMap((read) => read() ?? []);
    this.#waiting.clear();
    if (rows.length > 0) this.#writes = this.#writes.then(() => this.#write(rows)).catch(() => {});
    return this.#writes;
  }
  // What was kept longest ago makes room.
  async #write(rows: readonly KeptRow[]): Promise<void> {
    const fresh = new Set(rows.map(({ id }) => id));
    const others = (await this.#table.all()).filter(({ id }) => !fresh.has(id));
    const all = [...rows, ...others].toSorted((a, b) => Number(b.id === LIST) - Number(a.id === LIST) || b.at - a.at);
    let bytes = 0;
    const gone = all.filter((row, at) => (bytes += row.bytes) > ALL_BYTES_MAX || at > THREADS_MAX).map(({ id }) => id);
    const left = new Set(gone);
    await this.#table.change(rows.filter(({ id }) => !left.has(id)), gone);
  }
}
