import { chatCalls, headOf, type ChatCalls, type NewThread } from '$lib/api/chat';
import type { Message, Part, SentMessages, Thread, ThreadChange, ThreadPage, ToldMessage } from '$lib/api/chat-types';
import { asProblem, isUnheard, type Problem } from '$lib/api/problem';
import type { StudioEvent } from '$lib/api/types';
import { newKey } from '$lib/media/secure';
import type { Told as JournalTold } from '$lib/offline/journal.svelte';
import type { Kept } from '$lib/offline/kept';
import type { Studio } from '$lib/state/studio.svelte';
import { wordsIn } from './count';
import { Entry, unsent } from './entry.svelte';
import { HeldMessages } from './held.svelte';
import { Passage, STEP } from './passage.svelte';
import type { Told } from './told/settings';
import { Tree } from './tree';
import { UnsavedWrites, type Unsaved } from './unsaved.svelte';
import { t } from './words';

const WINDOW = 30;
const WINDOW_MAX = 200;
const BESIDE_MAX = 4; // answers that are shown side by side
const HELD_EVENTS_MAX = 4000;
const SLOW_MS = 2500; // without an answer for so long, what was kept of the thread is shown

// What the person sends. The key makes it one message however often it is sent.
export interface Outgoing {
  parts: Part[];
  key: string;
  beside?: readonly string[]; // further models that answer it
}
// Shown before the server has said yes.
interface Pending {
  key: string;
  user: Entry | null;
  answer: Entry;
  beside: readonly Entry[]; // answers of further models
  wantsStop: boolean;
}
type Ports = Pick<Studio, 'api' | 'hub' | 'complain' | 'router' | 'offline'>;

// One thread as it is shown: the branch to its head, the stretch of it on the page, and what is being said in it.
export class ThreadRoom {
  id = $state(''); // '' until a new thread has its first message
  thread = $state.raw<Thread | null>(null);
  path = $state.raw<readonly number[]>([]);
  isLoaded = $state(false);
  readonly ready: Promise<void>; // once it was read for the first time, or could not be
  #isReady: () => void = () => {};
  isGone = $state(false);
  problem = $state.raw<Problem | null>(null);
  keptAt = $state(0); // what is shown is as it was then, since there is no network; 0: as it is
  status = $state(''); // for those who do not see it
  arrived = $state(0); // messages added to the end of the branch since the page was opened
  // What the model is told with every message; of a new thread, what it will be.
  #wanted = $state.raw<Told>({ system: '', parameters: {} });
  readonly settings = $derived<Told>(this.thread ?? this.#wanted);
  // Deleted a day after it was last used. Of a new thread, whether it will be.
  #wantsTemporary = $state(false);
  readonly isTemporary = $derived(this.thread?.is_temporary ?? this.#wantsTemporary);
  readonly passage = new Passage();
  readonly #writes = new UnsavedWrites({ id: () => this.id, pending: () => this.#pending?.key });
  #pending = $state.raw<Pending | null>(null);
  #grown = $state(0); // the tree is no state: it says here that it grew
  #tree = new Tree();
  readonly #messages: HeldMessages;
  #studio: Ports;
  #calls: ChatCalls;
  #stops: (() => void)[] = [];
  #waiting: StudioEvent[] = []; // told while a send is under way
  #wantedHead = 0; // told of, but not known yet
  #headWrites = 0;
  #loading = 0;

  readonly shown = $derived.by((): Entry[] => {
    const known = this.path.slice(this.passage.start, this.passage.end).flatMap((number) => this.#messages.get(number) ?? []);
    const pending = this.passage.isAtEnd ? this.#pending : null;
    return pending ? [...known, ...(pending.user ? [pending.user] : []), pending.answer] : known;
  });
  // The answer being made at the end of the branch.
  readonly answering = $derived.by((): Entry | null => {
    if (this.#pending) return this.#pending.answer;
    const last = this.#messages.get(this.path.at(-1) ?? 0);
    return last?.isOpen ? last : null;
  });
  // The question whose answers are shown side by side; 0: none is.
  #sideOf = $state(0);
  readonly sideBySide = $derived.by((): readonly Entry[] => {
    if (this.#pending) return this.#pending.beside.length > 0 ? [this.#pending.answer, ...this.#pending.beside] : [];
    const entries = this.#answersTo(this.#sideOf).flatMap((number) => this.#messages.get(number) ?? []);
    return entries.length > 1 ? entries : [];
  });
  readonly isEmpty = $derived(this.path.length === 0 && this.#pending === null && this.unsaved.length === 0);

  constructor(studio: Ports, id: string, isTemporary = false) {
    this.#wantsTemporary = isTemporary;
    this.#studio = studio;
    this.#calls = chatCalls(studio.api);
    this.#messages = new HeldMessages(this.#calls, () => this.id);
    this.id = id;
    this.isLoaded = id === '';
    this.ready = this.isLoaded ? Promise.resolve() : new Promise((resolve) => (this.#isReady = resolve));
  }

  // What follows the branch: what was sent and is not saved yet.
  get unsaved(): readonly Unsaved[] {
    return this.#writes.list;
  }

  start(): void {
    this.#stops = [this.#studio.hub.listen((events) => this.hear(events)), this.#studio.hub.onFresh(() => void this.load())];
    void this.load();
  }
  dispose(): void {
    this.#stops.forEach((stop) => stop());
    this.#loading += 1;
  }

  // Reads the thread, or reads it again: the reader stays where they are, as far as that still exists.
  async load(): Promise<void> {
    if (this.id === '') return;
    const turn = ++this.#loading;
    const reach = Math.min(WINDOW_MAX, Math.max(WINDOW, this.path.length - this.passage.start));
    const slow = this.isLoaded ? undefined : setTimeout(() => void this.#showKept(turn), SLOW_MS);
    const versions = this.#messages.versions();
    try {
      const page = await this.#calls.thread(this.id, reach);
      if (turn !== this.#loading) return;
      this.#tree = new Tree(page.shape);
      this.#grown += 1;
      this.thread = page.thread;
      const beside = this.#answersTo(this.#sideOf);
      this.#messages.retain(new Set([...this.path.slice(this.passage.start, this.passage.end), ...beside]));
      for (const message of page.messages) this.#messages.take(message, versions.get(message.number) ?? 0);
      for (const number of beside) if (!page.messages.some((message) => message.number === number)) void this.#messages.readAgain(number);
      this.keptAt = 0;
      if (!this.#pending) this.#show(this.#endOf(page.thread));
      if (!this.isLoaded) this.passage.open();
      else if (this.#messages.missing(this.path, this.passage.start, this.passage.end).length > 0) this.passage.toEnd();
      this.#fill();
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

  // --- what is kept for when there is no network ---

  // From here on what is written is kept until the server has it.
  follow(kept: Kept): void {
    const stop = this.#writes.follow(kept, this.id === '' && !this.#pending && !this.#wantsTemporary, (told) => this.#hearJournal(told));
    if (!stop) return;
    this.#stops.push(stop);
    if (this.thread && !this.#pending) this.#show(this.#endOf(this.thread));
    this.#keep();
  }
  #hearJournal(told: JournalTold): void {
    if (told.kind === 'created' && told.lane === this.#writes.lane) this.#become(told.thread);
    else if (told.kind === 'sent' && told.entry.lane === this.id && told.entry.key !== this.#pending?.key) {
      this.#takeSent(told.said, this.#writes.take(told.entry.key), []);
      this.#keep();
    } else if (told.kind === 'changed' && told.thread.id === this.id) this.#takeThread(told.thread);
    else if (told.kind === 'ended' && told.lane === this.id) this.#release();
  }
  #endOf({ head }: Thread): number {
    return this.#writes.endOf(head, this.#tree);
  }
  discard(key: string): void {
    this.#writes.discard(key);
    if (this.thread) this.#show(this.#endOf(this.thread));
  }
  again(key: string): void {
    this.#writes.again(key);
  }
  #keep(): void {
    if (this.isLoaded && this.keptAt === 0 && this.thread && !this.thread.is_temporary) this.#writes.keepPage(() => this.#page());
  }
  #page(): ThreadPage | null {
    if (!this.thread || this.isGone || this.keptAt > 0) return null;
    const messages: Message[] = [];
    for (const number of this.path.slice(-WINDOW).toReversed()) {
      const entry = this.#messages.get(number);
      if (!entry) break;
      messages.unshift({ ...entry.facts, seq: entry.seq, parts: entry.plainParts() });
    }
    return { thread: this.thread, messages, shape: this.#tree.shape };
  }
  async #showKept(turn: number): Promise<void> {
    const kept = this.#studio.offline.kept ?? (await this.#studio.offline.load());
    const found = await kept?.threads.read(this.id);
    if (turn !== this.#loading || this.isLoaded || !kept || !found) return;
    this.#tree = new Tree(found.page.shape);
    this.#grown += 1;
    this.thread = found.page.thread;
    for (const message of found.page.messages) this.#messages.put(message.number, new Entry(message));
    this.keptAt = found.at;
    this.isLoaded = true;
    this.problem = null;
    this.#show(this.#endOf(found.page.thread));
    this.#toEnd();
    this.follow(kept);
    this.#isReady();
  }

  // --- what the stream tells ---

  hear(events: readonly StudioEvent[]): void {
    for (const event of events) {
      if (!this.#isOurs(event)) continue;
      // Until the server has said which number a sent message has, it cannot be told from another's.
      if (this.#isHeld && event.type !== 'thread.deleted') this.#hold(event);
      else this.#apply(event);
    }
  }
  #isOurs(event: StudioEvent): boolean {
    if (this.id === '' || !this.isLoaded) return false;
    if (event.type === 'thread.changed' || event.type === 'thread.deleted') return event.data.id === this.id;
    return (event.type === 'message.changed' || event.type === 'message.delta') && event.data.thread === this.id;
  }
  #hold(event: StudioEvent): void {
    if (this.#waiting.length < HELD_EVENTS_MAX) this.#waiting.push(event);
  }
  get #isHeld(): boolean {
    return this.#pending !== null || this.#writes.isTrying;
  }
  #release(): void {
    if (this.#isHeld) return;
    const events = this.#waiting;
    this.#waiting = [];
    if (events.length >= HELD_EVENTS_MAX) void this.load();
    else events.forEach((event) => this.#apply(event));
  }
  #apply(event: StudioEvent): void {
    if (event.type === 'thread.changed') this.#takeThread(event.data);
    else if (event.type === 'thread.deleted') {
      this.isGone = true;
      this.#writes.forgetPage();
    }
    else if (event.type === 'message.changed') this.#told(event.data.message);
    else if (event.type === 'message.delta') this.#messages.grow(event.data);
  }

  #takeThread(told: Thread): void {
    if (this.thread && told.revision < this.thread.revision) return;
    this.thread = this.#writes.changed(told);
    if (told.state === 'idle') this.#writes.wake();
    if (this.#headWrites === 0 && !this.#pending && this.#endOf(told) !== (this.path.at(-1) ?? 0)) this.#show(this.#endOf(told));
  }

  #told(told: ToldMessage): void {
    const isNew = !this.#tree.has(told.number);
    if (!this.#tree.add(told.number, told.parent, told.role)) return void this.load();
    if (isNew) this.#grown += 1;
    const entry = this.#messages.get(told.number);
    const wasOpen = entry?.isOpen ?? true;
    if (entry ? !entry.hear(told) : !this.#takeTold(told)) void this.#messages.readAgain(told.number);
    if (isNew && told.parent === (this.path.at(-1) ?? 0)) this.#extend(told.number);
    if (this.#wantedHead === told.number) this.#show(told.number);
    if (wasOpen && (this.path.at(-1) === told.number || this.sideBySide.some(({ facts }) => facts.number === told.number))) this.#announce(told.number);
  }
  #takeTold(told: ToldMessage): boolean {
    if (told.parts === null) this.#messages.put(told.number, new Entry({ ...told, parts: [], seq: 0 }));
    else this.#messages.put(told.number, new Entry({ ...told, parts: told.parts }));
    return told.parts !== null;
  }

  #announce(number: number): void {
    const entry = this.#messages.get(number);
    if (!entry || entry.facts.role !== 'assistant') return;
    const { state } = entry.facts;
    const { sideBySide } = this;
    if (sideBySide.includes(entry)) {
      const count = sideBySide.filter(({ isOpen }) => !isOpen).length;
      this.status = count === 0 ? t('statusAnswering') : t('statusBeside', { count, of: sideBySide.length });
    } else if (state === 'complete') this.status = t('statusReady', { count: wordsIn(entry.text) });
    else if (state === 'waiting') this.status = t('statusAsks');
    else if (state === 'stopped') this.status = t('statusStopped');
    else if (state === 'failed' || state === 'interrupted') this.status = t('statusFailed');
    else this.status = t('statusAnswering');
    if (!entry.isOpen) this.#keep();
  }

  // --- messages and the branch ---

  #show(head: number): void {
    if (head !== 0 && !this.#tree.has(head)) {
      this.#wantedHead = head;
      return;
    }
    this.#wantedHead = 0;
    this.#setPath(this.#tree.branchTo(head));
  }
  #setPath(path: readonly number[]): void {
    this.path = path;
    this.passage.become(path.length);
    this.#fill();
  }
  #toEnd(): void {
    this.passage.toEnd();
    this.#fill();
  }
  // Nothing of the stretch that is shown may be missing.
  #fill(): void {
    const { start, end } = this.passage;
    if (this.keptAt === 0 && this.#messages.missing(this.path, start, end).length > 0) void this.#messages.ensure(this.path, start, end).catch((error: unknown) => this.#studio.complain(error, () => this.#fill()));
  }
  #extend(number: number): void {
    this.#setPath([...this.path, number]);
    this.arrived += 1;
  }

  // All that a message says; null where it is not here.
  textOf(number: number): string | null {
    return this.#messages.get(number)?.text ?? null;
  }
  // What a message and those before it say, without keeping them here.
  async readTexts(from: number, limit: number, signal?: AbortSignal): Promise<ReadonlyMap<number, string>> {
    const { messages } = await this.#calls.messages(this.id, { from }, limit, signal);
    return new Map(messages.map((message) => [message.number, new Entry(message).text]));
  }
  // The whole tree, for those who draw it. It is no state: what is read from it is old once `arrived` or the branch is another.
  get tree(): Tree {
    void this.#grown;
    return this.#tree;
  }

  // From the beginning of the thread to a message.
  wayTo(number: number): readonly number[] {
    return this.tree.branchTo(number);
  }
  branchOf(number: number): { at: number; of: readonly number[] } {
    void this.#grown;
    const of = this.#tree.siblingsOf(number);
    return { at: of.indexOf(number), of };
  }

  async growUp(): Promise<void> {
    const { start, end } = this.passage;
    if (start > 0) await this.#grow(start - STEP, end);
  }
  async growDown(): Promise<void> {
    const { start, end, length } = this.passage;
    if (end < length) await this.#grow(start, end + STEP);
  }
  async #grow(start: number, end: number): Promise<boolean> {
    const path = this.path;
    if (this.keptAt > 0 && this.#messages.missing(this.path, start, end).length > 0) return false; // there is nobody to ask
    try {
      await this.#messages.ensure(this.path, start, end);
    } catch (error) {
      this.#studio.complain(error);
      return false;
    }
    if (path !== this.path && path[0] !== this.path[0]) return false;
    this.passage.set(start, end);
    return true;
  }
  async toEnd(): Promise<void> {
    if (!this.passage.isAtEnd && !(await this.#grow(this.path.length - WINDOW, this.path.length))) return;
    this.#toEnd();
  }
  // Brings a message onto the page, from whichever branch it is on. False: there is none.
  async reach(number: number): Promise<boolean> {
    if (!this.#tree.has(number)) return false;
    if (!this.path.includes(number)) await this.switchTo(number);
    const at = this.path.indexOf(number);
    if (at < 0) return false;
    if (at >= this.passage.start && at < this.passage.end) return true;
    try {
      await this.#messages.ensure(this.path, at - 2, at + STEP);
    } catch (error) {
      this.#studio.complain(error);
      return false;
    }
    this.passage.reach(at);
    return true;
  }

  // --- what the person does ---

  #newThread(model: string): NewThread {
    return { ...this.#wanted, ...(model ? { model } : {}), ...(this.#wantsTemporary ? { is_temporary: true } : {}) };
  }
  async #makeThread(model: string): Promise<void> {
    if (this.id !== '') return;
    const thread = await this.#calls.createThread(this.#newThread(model), this.#writes.threadKey);
    this.#become(thread);
  }
  #become(thread: Thread): void {
    this.id = thread.id;
    this.thread = thread;
    this.#studio.router.go(`/c/${thread.id}`, { replace: true });
  }

  // Shown at once; true once the server has it. What failed is taken back, and the caller keeps what was typed.
  async send(out: Outgoing, model: string, retry: () => void, below?: number): Promise<boolean> {
    const parent = below ?? this.path.at(-1) ?? 0;
    const user = new Entry(unsent('user', out.parts, ''));
    const beside = out.beside ?? [];
    const message = { parts: out.parts, ...(beside.length > 0 ? { models: [model, ...beside] } : model ? { model } : {}) };
    if (!this.#writes.isFollowing) {
      return this.#write(out.key, parent, user, [model, ...beside], retry, async () => {
        await this.#makeThread(model);
        return this.#calls.send(this.id, { ...message, parent }, out.key);
      });
    }
    const isBehind = this.unsaved.length > 0; // what was written before it goes first
    const post = (): Promise<SentMessages | null> => this.#writes.post(out.key, { ...message, parent: isBehind && below === undefined ? null : parent }, this.#newThread(model));
    if (!isBehind) return this.#write(out.key, parent, user, [model, ...beside], retry, post);
    try {
      await post();
      return true;
    } catch (error) {
      this.#studio.complain(error, retry);
      return false;
    }
  }
  edit(number: number, out: Outgoing, model: string, retry: () => void): Promise<boolean> {
    return this.send(out, model, retry, this.#tree.parentOf(number));
  }
  // Another answer beside this one.
  regenerate(number: number, model: string): Promise<boolean> {
    const key = newKey();
    const parent = this.#tree.roleOf(number) === 'user' ? number : this.#tree.parentOf(number);
    return this.#write(key, parent, null, [model], () => void this.regenerate(number, model), () => this.#calls.answer(this.id, number, model, key));
  }

  // `models` answer, the first on the branch that is shown. `call` gives null where it is kept, and sent later.
  async #write(key: string, parent: number, user: Entry | null, models: readonly string[], retry: () => void, call: () => Promise<SentMessages | null>): Promise<boolean> {
    if (this.#pending || this.answering) return false;
    const before = this.path.at(-1) ?? 0;
    const [answer, ...beside] = models.map((model) => new Entry(unsent('assistant', [], model)));
    const pending: Pending = { key, user, answer: answer!, beside, wantsStop: false };
    this.#sideOf = 0;
    this.#pending = pending;
    this.#setPath(this.#tree.branchTo(parent));
    this.#toEnd();
    this.status = t('statusAnswering');
    try {
      const said = await call();
      this.#pending = null;
      if (said) this.#takeSent(said, pending.user, [pending.answer, ...pending.beside]);
      else {
        pending.wantsStop = false;
        this.status = t('statusWaiting');
        if (this.thread) this.#show(this.#endOf(this.thread));
      }
      this.#keep();
      return true;
    } catch (error) {
      this.#pending = null;
      this.status = '';
      this.#show(before);
      this.#toEnd();
      this.#studio.complain(error, retry);
      return false;
    } finally {
      this.#release();
      if (pending.wantsStop) void this.stop();
    }
  }
  // What is on the page already stays the same there.
  #takeSent(said: SentMessages, user: Entry | null, answers: readonly Entry[]): void {
    const { messages, thread } = said;
    const left = [...answers];
    let isWhole = true;
    for (const message of messages) {
      isWhole = this.#tree.add(message.number, message.parent, message.role) && isWhole;
      const known = this.#messages.get(message.number);
      const shown = message.role === 'assistant' ? left.shift() : user;
      if (shown && !known) {
        shown.replace(message);
        this.#messages.put(message.number, shown);
      } else this.#messages.take(message, known?.version ?? 0);
    }
    this.#grown += 1;
    if (!this.thread || thread.revision >= this.thread.revision) this.thread = thread;
    if (!isWhole) void this.load();
    const last = headOf(said);
    if (last && answers.length > 1) this.#sideOf = last.parent;
    if (last && this.#tree.has(last.number)) this.#setPath(this.#tree.branchTo(this.unsaved.length > 0 ? this.#endOf({ ...this.thread, head: last.number }) : last.number));
  }

  async stop(): Promise<void> {
    if (this.#pending) return void (this.#pending.wantsStop = true);
    if (this.sideBySide.filter(({ isOpen }) => isOpen).length > 1) return this.#stopAll();
    const entry = this.answering ?? this.sideBySide.find(({ isOpen }) => isOpen);
    if (entry) await this.stopOne(entry);
  }
  stopOne(entry: Entry): Promise<void> {
    return this.#onAnswer(entry, (number) => this.#calls.stop(this.id, number), () => void this.stopOne(entry));
  }
  // Answers that are not shown, too.
  async #stopAll(): Promise<void> {
    try {
      this.#takeThread(await this.#calls.stopAll(this.id));
    } catch (error) {
      this.#studio.complain(error, () => void this.stop());
    }
  }
  // An answer that broke off goes on where it did.
  goOn(entry: Entry): Promise<void> {
    return this.#onAnswer(entry, (number) => this.#calls.goOn(this.id, number), () => void this.goOn(entry));
  }
  async #onAnswer(entry: Entry, call: (number: number) => Promise<Message>, retry: () => void): Promise<void> {
    const { number } = entry.facts;
    const { version } = entry;
    try {
      entry.takeRead(await call(number), version);
      if (this.path.at(-1) === number) this.#announce(number);
    } catch (error) {
      this.#studio.complain(error, retry);
    }
  }

  // The answers to a question that are shown side by side: the newest, and that which the branch goes through.
  #answersTo(question: number): readonly number[] {
    void this.#grown;
    const all = question === 0 ? [] : this.#tree.childrenOf(question).filter((number) => this.#tree.roleOf(number) === 'assistant');
    const shown = all.find((number) => this.path.includes(number));
    const newest = all.slice(-BESIDE_MAX);
    return shown === undefined || newest.includes(shown) ? newest : [shown, ...newest.slice(1)];
  }
  // Shows an answer beside the others to its question.
  async compare(number: number): Promise<void> {
    const question = this.#tree.parentOf(number);
    try {
      await this.#messages.readEach(this.#answersTo(question));
      if (!this.#pending) this.#sideOf = question;
    } catch (error) {
      this.#studio.complain(error, () => void this.compare(number));
    }
  }
  endCompare(): void {
    this.#sideOf = 0;
  }
  // The thread goes on from this one; the others stay as its branches.
  async keep(number: number): Promise<void> {
    if (!this.path.includes(number)) await this.switchTo(number);
    if (this.path.includes(number)) this.#sideOf = 0;
  }

  // Shows the branch through a message, here and in every other tab.
  async switchTo(number: number): Promise<void> {
    if (this.#pending) return;
    const before = this.path;
    const path = this.#tree.branchTo(this.#tree.leafOf(number));
    const at = path.indexOf(number);
    this.#headWrites += 1;
    try {
      const start = Math.min(this.passage.start, at);
      const end = Math.min(path.length, Math.max(start + STEP, at + STEP));
      await this.#messages.ensure(path, start, end);
      this.#setPath(path);
      this.passage.set(start, end);
      const thread = await this.#calls.changeThread(this.id, { head: number });
      this.#headWrites -= 1;
      this.#takeThread(thread);
    } catch (error) {
      this.#headWrites -= 1;
      if (this.path === path) this.#setPath(before);
      this.#studio.complain(error, () => void this.switchTo(number));
    }
  }

  async fork(number: number): Promise<void> {
    try {
      const thread = await this.#calls.fork(this.id, number, 'branch', newKey());
      this.#studio.router.go(`/c/${thread.id}`);
    } catch (error) {
      this.#studio.complain(error, () => void this.fork(number));
    }
  }
  async change(change: ThreadChange): Promise<void> {
    if (this.id === '') return;
    try {
      await this.#changeThread(change);
    } catch (error) {
      this.#studio.complain(error, () => void this.change(change));
    }
  }
  // What nobody answered is kept, and is so here already.
  async #changeThread(change: ThreadChange): Promise<void> {
    try {
      this.#takeThread(await this.#calls.changeThread(this.id, change));
    } catch (error) {
      if (!this.thread || !isUnheard(error) || !this.#writes.keepChange(change)) throw error;
      this.thread = { ...this.thread, ...change };
    }
  }

  // Throws what was refused: the form shows it.
  async configure({ system, parameters }: Told): Promise<void> {
    if (this.id === '') this.#wanted = { system, parameters };
    else await this.#changeThread({ system, parameters });
  }

  // What the person asked before, newest first.
  promptsBefore(): string[] {
    return this.path.toReversed().flatMap((number) => {
      const entry = this.#tree.roleOf(number) === 'user' ? this.#messages.get(number) : undefined;
      return entry && entry.text !== '' ? [entry.text] : [];
    });
  }
}
