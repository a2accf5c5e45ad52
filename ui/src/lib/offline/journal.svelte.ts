// Writes that the server may not have yet. Each is kept before it is sent and until the server has said yes, those of a thread go
// out in the order they were made, and each under its own key: however often it is sent, by however many tabs, it is done once.
import { headOf, isLaneOfNew, type NewMessage, type NewThread } from '../api/chat';
import type { SentMessages, Thread, ThreadChange } from '../api/chat-types';
import type { CallOptions } from '../api/client';
import { asProblem, Problem } from '../api/problem';
import { fateOf, waitBefore } from './tries';
import type { Table } from './table';

// Without an answer for so long, a person is told that it is not saved yet. The call goes on.
export const SILENCE_MS = 5000;
const TRY_MS = 20_000;
const ENTRIES_MAX = 200;
const BYTES_MAX = 16 << 20;
const DAY_MS = 86_400_000;
const SENT_BY_ITSELF_MS = 7 * DAY_MS; // older: the person decides
const KEPT_MS = 30 * DAY_MS;

export interface Why {
  title: string;
  detail: string;
  code: string;
}
export interface Waiting {
  key: string; // makes it one, however often it is sent
  lane: string; // those of one lane are sent one after the other: the thread's id, or laneOfNew
  order: number;
  at: number; // when it was written, clock milliseconds
  size: number; // about so many bytes
  state: 'sending' | 'waiting' | 'refused'; // sending: for the first time, and it may well be done by now
  why: Why | null; // of what was refused, or of the try before
  create?: { body: NewThread; key: string }; // the thread is made first
  // parent: null is the answer to the one before it in the lane.
  message?: Omit<NewMessage, 'parent'> & { parent: number | null };
  change?: ThreadChange;
}
export type Written = Pick<Waiting, 'key' | 'lane' | 'create' | 'message' | 'change'>;
export type Told =
  | { kind: 'created'; lane: string; thread: Thread }
  | { kind: 'sent'; entry: Waiting; said: SentMessages }
  | { kind: 'changed'; thread: Thread }
  | { kind: 'refused'; entry: Waiting; problem: Problem }
  | { kind: 'ended'; lane: string }; // a try: what happened meanwhile may be looked at

const of = (lane: string): string => `/api/threads/${encodeURIComponent(lane)}`;
const whyOf = ({ title, detail, code }: Problem): Why => ({ title, detail, code });

export interface JournalPorts {
  call: <T>(method: string, path: string, options?: CallOptions) => Promise<T>;
  table: Table<Waiting>;
  canSend: () => boolean; // there is a network and a session
  now: () => number;
  random: () => number;
  // Runs `work` while no other tab does so under that name.
  alone: (name: string, work: () => Promise<void>) => Promise<void>;
  tell: () => void; // the other tabs, that the table is another
}

export class Journal {
  entries = $state.raw<readonly Waiting[]>([]);
  #ports: JournalPorts;
  #listeners = new Set<(told: Told) => void>();
  #first = new Map<string, (answer: SentMessages | Problem | null) => void>(); // whoever waits for a first try, by key
  #mine = new Set<string>(); // keys that no other tab can have sent
  #running = new Set<string>();
  #wanted = new Set<string>(); // lanes to be run once more after this
  #trying = new Set<string>();
  #failures = new Map<string, number>();
  #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #writes: Promise<unknown> = Promise.resolve();
  #turn = 0; // counts changes: what was read before one is old
  #order = 0;

  constructor(ports: JournalPorts) {
    this.#ports = ports;
  }

  // Takes up what was left by a page before this one. It is sent once that wakes the journal, when all who want to hear do listen.
  async start(): Promise<void> {
    await this.readAgain();
    const now = this.#ports.now();
    const old = this.entries.filter(({ at }) => now - at > KEPT_MS);
    if (old.length > 0) this.#change([], old.map(({ key }) => key));
    const late = this.entries.filter(({ at, state }) => now - at > SENT_BY_ITSELF_MS && state !== 'refused');
    if (late.length > 0) this.#change(late.map((entry) => ({ ...entry, state: 'refused', why: { title: '', detail: '', code: 'waited_too_long' } })));
  }
  async readAgain(): Promise<void> {
    for (let turn = -1; turn !== this.#turn; ) {
      turn = this.#turn;
      await this.#writes;
      const rows = await this.#ports.table.all().catch(() => this.entries);
      if (turn === this.#turn) this.entries = rows.toSorted((a, b) => a.order - b.order);
    }
    this.#order = Math.max(this.#order, ...this.entries.map(({ order }) => order));
  }
  // Another tab changed the table. What it has just written it is about to send: it is looked at again a little later.
  async hearOthers(): Promise<void> {
    await this.readAgain();
    for (const { lane } of this.entries) if (!this.#timers.has(lane) && !this.#running.has(lane)) this.#later(lane, null);
  }

  listen(call: (told: Told) => void): () => void {
    this.#listeners.add(call);
    return () => void this.#listeners.delete(call);
  }
  #tell(told: Told): void {
    this.#listeners.forEach((call) => call(told));
  }
  inLane(lane: string): Waiting[] {
    return this.entries.filter((entry) => entry.lane === lane);
  }
  isTrying(lane: string): boolean {
    return this.#trying.has(lane);
  }

  // Sends a message. The server's answer, or null once it waits; throws what was refused, which is not kept then.
  post(written: Written): Promise<SentMessages | null> {
    const entry = this.#made(written);
    const isFirst = this.inLane(entry.lane).length === 0;
    this.#mine.add(entry.key);
    if (!isFirst) {
      this.#change([{ ...entry, state: 'waiting' }]);
      void this.#run(entry.lane);
      return this.#writes.then(() => null);
    }
    return new Promise((resolve, reject) => {
      const silence = setTimeout(() => this.#waits(entry.key), SILENCE_MS);
      this.#first.set(entry.key, (answer) => {
        clearTimeout(silence);
        this.#first.delete(entry.key);
        if (answer instanceof Problem) reject(answer);
        else if (answer) resolve(answer);
        else void this.#writes.then(() => resolve(null)); // not before it is kept
      });
      this.#change([entry]);
      void this.#run(entry.lane);
    });
  }
  // Keeps a change of a thread that could not be sent. What changed the same before is overwritten.
  keepChange(thread: string, change: ThreadChange, key: string): void {
    const last = this.inLane(thread).at(-1);
    if (last?.change && !this.#trying.has(thread)) this.#change([{ ...last, change: { ...last.change, ...change } }]);
    else this.#change([{ ...this.#made({ key, lane: thread, change }), state: 'waiting' }]);
    this.#later(thread, null);
  }
  // A thread as it will be once all that waits is done.
  changed(thread: Thread): Thread {
    const changes = this.entries.flatMap(({ lane, change }) => (lane === thread.id && change ? [change] : []));
    return changes.length === 0 ? thread : Object.assign({ ...thread }, ...changes);
  }
  #made(written: Written): Waiting {
    const size = JSON.stringify(written).length;
    const entry: Waiting = { ...$state.snapshot(written) as Written, order: (this.#order += 1), at: this.#ports.now(), size, state: 'sending', why: null };
    if (this.entries.length >= ENTRIES_MAX || this.entries.reduce((sum, each) => sum + each.size, size) > BYTES_MAX) throw new Problem({ code: 'journal_full', title: 'Too much waits to be sent', status: 400 });
    return entry;
  }

  discard(key: string): void {
    const entry = this.entries.find((each) => each.key === key);
    if (!entry) return;
    const { lane, message } = entry;
    const next = this.inLane(lane).find((each) => each.order > entry.order && each.message);
    // What followed it follows what it followed.
    const moved = next?.message?.parent === null && message ? [{ ...next, message: { ...next.message, parent: message.parent }, ...(entry.create ? { create: entry.create } : {}) }] : [];
    this.#change(moved, [key]);
    this.#first.get(key)?.(null);
    void this.#run(lane);
  }
  // Now, whatever it waited for.
  again(key: string): void {
    const entry = this.entries.find((each) => each.key === key);
    if (!entry) return;
    if (entry.state === 'refused') this.#change([{ ...entry, state: 'waiting', why: null, at: this.#ports.now() }]);
    this.#stopTimer(entry.lane);
    void this.#run(entry.lane);
  }
  // Something says that a try would be worth it now: of one lane, or of all.
  wake(only?: string): void {
    for (const lane of new Set(this.entries.map((entry) => entry.lane))) {
      if (only !== undefined && lane !== only) continue;
      this.#stopTimer(lane);
      void this.#run(lane);
    }
  }
  async clear(): Promise<void> {
    this.#turn += 1;
    this.entries = [];
    for (const lane of [...this.#timers.keys()]) this.#stopTimer(lane);
    for (const answer of [...this.#first.values()]) answer(null);
    await this.#writes;
    await this.#ports.table.clear().catch(() => {});
    this.#ports.tell();
  }

  // --- the table ---

  #change(put: readonly Waiting[], remove: readonly string[] = []): void {
    this.#turn += 1;
    const gone = new Set([...remove, ...put.map(({ key }) => key)]);
    this.entries = [...this.entries.filter(({ key }) => !gone.has(key)), ...put].toSorted((a, b) => a.order - b.order);
    // Where it cannot be written it is still here, as long as the page is.
    this.#writes = this.#writes.then(() => this.#ports.table.change(put, remove)).then(() => this.#ports.tell(), () => {});
  }

  // --- sending ---

  #head(lane: string): Waiting | undefined {
    return this.entries.find((entry) => entry.lane === lane);
  }
  async #run(lane: string): Promise<void> {
    if (this.#running.has(lane)) return void this.#wanted.add(lane);
    this.#running.add(lane);
    const lanes = new Set([lane]);
    try {
      await this.#ports.alone(lane, async () => {
        for (let at: string | null = lane; at !== null && this.#head(at); ) {
          at = await this.#step(at, lanes);
        }
      });
    } finally {
      for (const each of lanes) {
        this.#running.delete(each);
        if (!this.#head(each)) this.#failures.delete(each);
      }
    }
    for (const each of lanes) {
      if (!this.#wanted.delete(each)) continue;
      this.#stopTimer(each);
      void this.#run(each);
    }
  }
  // Sends the first of a lane. The lane to go on with, null: not now. A lane it becomes is added to `lanes`.
  async #step(lane: string, lanes: Set<string>): Promise<string | null> {
    const entry = this.#head(lane)!;
    if (entry.state === 'refused') return null;
    if (!this.#ports.canSend()) {
      this.#waits(entry.key);
      this.#later(lane, null);
      return null;
    }
    if (!(entry.state === 'sending' && this.#mine.has(entry.key)) && !(await this.#isKept(entry.key))) return lane;
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), TRY_MS);
    let now = lane;
    this.#trying.add(lane);
    try {
      now = await this.#makeThread(entry, abort.signal, lanes);
      await this.#send({ ...entry, lane: now }, abort.signal);
      this.#failures.delete(lane);
      return now;
    } catch (error) {
      return this.#failed(entry.key, now, asProblem(error));
    } finally {
      clearTimeout(timer);
      this.#trying.delete(lane);
      this.#trying.delete(now);
      this.#tell({ kind: 'ended', lane: now });
    }
  }
  // Another tab may have sent it.
  async #isKept(key: string): Promise<boolean> {
    await this.#writes;
    const isKept = await this.#ports.table.get(key).then(Boolean, () => true);
    if (!isKept) this.entries = this.entries.filter((entry) => entry.key !== key);
    return isKept;
  }
  async #makeThread({ lane, create }: Waiting, signal: AbortSignal, lanes: Set<string>): Promise<string> {
    if (!create || !isLaneOfNew(lane)) return lane;
    const thread = await this.#ports.call<Thread>('POST', '/api/threads', { ...create, signal });
    lanes.add(thread.id);
    this.#running.add(thread.id);
    this.#trying.add(thread.id);
    this.#change(this.inLane(lane).map(({ create: _made, ...entry }) => ({ ...entry, lane: thread.id })));
    this.#tell({ kind: 'created', lane, thread });
    return thread.id;
  }
  async #send(entry: Waiting, signal: AbortSignal): Promise<void> {
    const { key, lane, message, change } = entry;
    if (change) {
      const thread = await this.#ports.call<Thread>('PATCH', of(lane), { body: change, signal });
      this.#change([], [key]);
      return this.#tell({ kind: 'changed', thread });
    }
    if (!message) return this.#change([], [key]);
    const { parent, ...rest } = message;
    const body = { ...rest, ...(parent === null ? {} : { parent }) };
    const said = await this.#ports.call<SentMessages>('POST', `${of(lane)}/messages`, { body, key, signal });
    const next = this.inLane(lane).find((each) => each.key !== key && each.message?.parent === null);
    const answer = headOf(said)?.number ?? 0;
    this.#change(next?.message ? [{ ...next, message: { ...next.message, parent: answer } }] : [], [key]);
    this.#mine.delete(key);
    this.#first.get(key)?.(said);
    this.#tell({ kind: 'sent', entry, said });
  }
  #failed(key: string, lane: string, problem: Problem): string | null {
    const entry = this.entries.find((each) => each.key === key);
    if (!entry) return lane; // discarded meanwhile
    const fate = fateOf(problem);
    if (fate === 'refused') return this.#refuse(entry, problem);
    this.#waits(key, problem);
    // Where there is no session any more, one that begins wakes the journal.
    if (fate === 'again') this.#later(lane, problem);
    return null;
  }
  #refuse(entry: Waiting, problem: Problem): string | null {
    const first = this.#first.get(entry.key);
    if (first || entry.change) {
      this.#change([], [entry.key]);
      first?.(problem);
      if (!first) this.#tell({ kind: 'refused', entry, problem });
      return entry.lane;
    }
    this.#change([{ ...entry, state: 'refused', why: whyOf(problem) }]);
    return null;
  }
  // It is shown as not saved from here on, and whoever sent it need not wait for it.
  #waits(key: string, problem: Problem | null = null): void {
    const entry = this.entries.find((each) => each.key === key);
    const isOther = entry && (entry.state === 'sending' || entry.why?.code !== problem?.code);
    if (isOther) this.#change([{ ...entry, state: 'waiting', why: problem && whyOf(problem) }]);
    this.#first.get(key)?.(null);
  }
  #later(lane: string, problem: Problem | null): void {
    this.#stopTimer(lane);
    const failures = (this.#failures.get(lane) ?? 0) + 1;
    this.#failures.set(lane, failures);
    const wait = waitBefore(failures, this.#ports.random(), problem?.retryAfter ?? null);
    this.#timers.set(lane, setTimeout(() => {
      this.#timers.delete(lane);
      void this.#run(lane);
    }, wait));
  }
  #stopTimer(lane: string): void {
    clearTimeout(this.#timers.get(lane));
    this.#timers.delete(lane);
  }
}
