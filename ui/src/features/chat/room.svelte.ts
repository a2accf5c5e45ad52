import { chatCalls, type ChatCalls } from '$lib/api/chat';
import type { Thread, ThreadPage, ToldMessage } from '$lib/api/chat-types';
import { asProblem, type Problem } from '$lib/api/problem';
import { newKey } from '$lib/media/secure';
import type { Told as JournalTold } from '$lib/offline/journal.svelte';
import type { Kept } from '$lib/offline/kept';
import type { Studio } from '$lib/state/studio.svelte';
import { Answers } from './answers.svelte';
import { Beside } from './beside.svelte';
import { Branch } from './branch.svelte';
import { Entry } from './entry.svelte';
import { Sending } from './sending.svelte';
import { Status } from './status.svelte';
import { ThreadStream, type ThreadEvent } from './stream';
import { KnownThread } from './thread.svelte';
import { UnsavedWrites, type Unsaved } from './unsaved.svelte';

const SLOW_MS = 2500; // without an answer for so long, what was kept of the thread is shown

type Ports = Pick<Studio, 'api' | 'hub' | 'complain' | 'router' | 'offline'>;

// One thread as it is shown: read once, kept true by what the stream tells, and kept for when there is no network. Its parts are what
// is known of the thread, the branch of it, what is being said in it, and the answers to that.
export class ThreadRoom {
  isLoaded = $state(false);
  readonly ready: Promise<void>; // once it was read for the first time, or could not be
  #isReady: () => void = () => {};
  isGone = $state(false);
  problem = $state.raw<Problem | null>(null);
  keptAt = $state(0); // what is shown is as it was then, since there is no network; 0: as it is
  readonly status = new Status();
  readonly thread: KnownThread;
  readonly branch: Branch;
  readonly beside: Beside;
  readonly sending: Sending;
  readonly answers: Answers;
  readonly #writes: UnsavedWrites;
  #studio: Ports;
  #calls: ChatCalls;
  #stops: (() => void)[] = [];
  #stream: ThreadStream;
  #headWrites = 0;
  #loading = 0;

  readonly shown = $derived.by((): Entry[] => {
    const pending = this.branch.passage.isAtEnd ? this.sending.pending : null;
    return pending ? [...this.branch.shown, ...(pending.user ? [pending.user] : []), ...pending.answers.slice(0, 1)] : this.branch.shown;
  });
  readonly isEmpty = $derived.by(() => this.branch.path.length === 0 && this.sending.pending === null && this.unsaved.length === 0);

  constructor(studio: Ports, id: string, isTemporary = false) {
    this.#studio = studio;
    const calls = (this.#calls = chatCalls(studio.api));
    const complain = (error: unknown, retry?: () => void): void => void studio.complain(error, retry);
    const writes = (this.#writes = new UnsavedWrites({ id: () => this.thread.id, pending: () => this.sending.pending?.key }));
    this.thread = new KnownThread(id, isTemporary, {
      calls, writes, complain,
      onmade: (made) => studio.router.go(`/c/${made}`, { replace: true }),
      ontaken: (told) => this.#follow(told),
    });
    this.branch = new Branch(calls, { id: () => this.thread.id, canAsk: () => this.keptAt === 0, complain });
    this.beside = new Beside(this.branch, { asked: () => this.sending.pending?.answers ?? null, complain });
    this.sending = new Sending({
      calls, writes, complain, thread: this.thread, branch: this.branch, beside: this.beside, status: this.status,
      isAnswering: () => this.answers.open !== null,
      onlost: () => void this.load(),
      onsent: () => this.#keep(),
      onended: (wantsStop) => {
        this.#stream.release();
        if (wantsStop) void this.answers.stop();
      },
    });
    this.answers = new Answers({
      calls, complain, id: () => this.thread.id, branch: this.branch, beside: this.beside, sending: this.sending,
      onstopped: (thread) => this.thread.take(thread),
      onchanged: (number) => this.#announce(number),
    });
    this.#stream = new ThreadStream({
      id: () => (this.isLoaded ? this.thread.id : ''),
      isHeld: () => this.sending.pending !== null || writes.isTrying,
      apply: (event) => this.#apply(event),
      onlost: () => void this.load(),
    });
    this.isLoaded = id === '';
    this.ready = this.isLoaded ? Promise.resolve() : new Promise((resolve) => (this.#isReady = resolve));
  }

  // What follows the branch: what was sent and is not saved yet.
  get unsaved(): readonly Unsaved[] {
    return this.#writes.list;
  }

  start(): void {
    this.#stops = [this.#studio.hub.listen((events) => this.#stream.hear(events)), this.#studio.hub.onFresh(() => void this.load())];
    void this.load();
  }
  dispose(): void {
    this.#stops.forEach((stop) => stop());
    this.#loading += 1;
  }

  // Reads the thread, or reads it again: the reader stays where they are, as far as that still exists.
  async load(): Promise<void> {
    if (this.thread.id === '') return;
    const turn = ++this.#loading;
    const slow = this.isLoaded ? undefined : setTimeout(() => void this.#showKept(turn), SLOW_MS);
    const versions = this.branch.held.versions();
    try {
      const page = await this.#calls.thread(this.thread.id, this.branch.windowSize);
      if (turn !== this.#loading) return;
      this.thread.facts = page.thread;
      this.branch.become(page.shape);
      this.branch.takeRead(page.messages, versions, this.beside.numbers());
      this.keptAt = 0;
      if (!this.sending.pending) this.#show(page.thread);
      this.branch.open(!this.isLoaded);
      this.isLoaded = true;
      this.isGone = false;
      this.problem = null;
      this.#keep();
    } catch (error) {
      if (turn !== this.#loading) return;
      this.problem = asProblem(error);
      this.isGone = this.problem.status === 404;
      if (this.isGone) this.#writes.forgetPage();
      else if (this.problem.status === 0 || this.problem.status >= 500) await this.#showKept(turn);
    } finally {
      clearTimeout(slow);
    }
    if (turn === this.#loading) this.#isReady();
  }
  // Its head, or what waits to be sent below another message.
  #show({ head }: Thread): void {
    this.branch.show(this.#endOf(head));
  }
  #endOf(head: number): number {
    return this.#writes.endOf(head, this.branch.tree);
  }

  // --- what is kept for when there is no network ---

  // From here on what is written is kept until the server has it.
  follow(kept: Kept): void {
    const stop = this.#writes.follow(kept, this.thread.id === '' && !this.sending.pending && !this.thread.isTemporary, (told) => this.#hearJournal(told));
    if (!stop) return;
    this.#stops.push(stop);
    if (this.thread.facts && !this.sending.pending) this.#show(this.thread.facts);
    this.#keep();
  }
  #hearJournal(told: JournalTold): void {
    const { id } = this.thread;
    if (told.kind === 'created' && told.lane === this.#writes.lane) this.thread.become(told.thread);
    else if (told.kind === 'sent' && told.entry.lane === id && told.entry.key !== this.sending.pending?.key) {
      this.sending.take(told.said, this.#writes.take(told.entry.key), []);
      this.#keep();
    } else if (told.kind === 'changed' && told.thread.id === id) this.thread.take(told.thread);
    else if (told.kind === 'ended' && told.lane === id) this.#stream.release();
  }
  discard(key: string): void {
    this.#writes.discard(key);
    if (this.thread.facts) this.#show(this.thread.facts);
  }
  again(key: string): void {
    this.#writes.again(key);
  }
  #keep(): void {
    if (this.isLoaded && this.keptAt === 0 && this.thread.facts && !this.thread.isTemporary) this.#writes.keepPage(() => this.#page());
  }
  #page(): ThreadPage | null {
    const thread = this.thread.facts;
    return thread && !this.isGone && this.keptAt === 0 ? { thread, ...this.branch.lastPage() } : null;
  }
  async #showKept(turn: number): Promise<void> {
    const kept = this.#studio.offline.kept ?? (await this.#studio.offline.load());
    const found = await kept?.threads.read(this.thread.id);
    if (turn !== this.#loading || this.isLoaded || !kept || !found) return;
    const { thread, messages, shape } = found.page;
    this.thread.facts = thread;
    this.branch.become(shape);
    for (const message of messages) this.branch.held.put(message.number, new Entry(message));
    this.keptAt = found.at;
    this.isLoaded = true;
    this.problem = null;
    this.#show(thread);
    this.branch.showEnd();
    this.follow(kept);
    this.#isReady();
  }

  // --- what the stream tells ---

  #apply(event: ThreadEvent): void {
    switch (event.type) {
      case 'thread.changed': return this.thread.take(event.data);
      case 'thread.deleted':
        this.isGone = true;
        return this.#writes.forgetPage();
      case 'message.changed': return this.#told(event.data.message);
      case 'message.delta': return this.branch.held.grow(event.data);
    }
  }
  // The branch may go on, or be another, in another tab.
  #follow(told: Thread): void {
    if (this.#headWrites === 0 && !this.sending.pending && this.#endOf(told.head) !== this.branch.head) this.#show(told);
  }
  #told(told: ToldMessage): void {
    const wasOpen = this.branch.held.get(told.number)?.isOpen ?? true;
    if (!this.branch.hear(told)) return void this.load();
    if (wasOpen && (this.branch.head === told.number || this.beside.entries.some(({ facts }) => facts.number === told.number))) this.#announce(told.number);
  }
  #announce(number: number): void {
    const entry = this.branch.held.get(number);
    if (entry?.facts.role !== 'assistant') return;
    this.status.tell(entry, this.beside.entries);
    if (!entry.isOpen) this.#keep();
  }

  // --- where the person goes ---

  // Brings a message onto the page, from whichever branch it is on. False: there is none.
  async reach(number: number): Promise<boolean> {
    if (!this.branch.tree.has(number)) return false;
    if (!this.branch.path.includes(number)) await this.switchTo(number);
    return this.branch.bring(number);
  }
  // Shows the branch through a message, here and in every other tab.
  async switchTo(number: number): Promise<void> {
    if (this.sending.pending) return;
    const { branch, thread } = this;
    const before = branch.path;
    const path = branch.tree.branchTo(branch.tree.leafOf(number));
    this.#headWrites += 1;
    try {
      await branch.switch(path, number);
      const changed = await this.#calls.changeThread(thread.id, { head: number });
      this.#headWrites -= 1;
      thread.take(changed);
    } catch (error) {
      this.#headWrites -= 1;
      if (branch.path === path) branch.set(before);
      this.#studio.complain(error, () => void this.switchTo(number));
    }
  }
  // The thread goes on from this one of several answers; the others stay as its branches.
  async keep(number: number): Promise<void> {
    if (!this.branch.path.includes(number)) await this.switchTo(number);
    if (this.branch.path.includes(number)) this.beside.close();
  }
  async fork(number: number): Promise<void> {
    try {
      const thread = await this.#calls.fork(this.thread.id, number, 'branch', newKey());
      this.#studio.router.go(`/c/${thread.id}`);
    } catch (error) {
      this.#studio.complain(error, () => void this.fork(number));
    }
  }
}
