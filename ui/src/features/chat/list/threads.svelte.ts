import { chatCalls, type ChatCalls } from '$lib/api/chat';
import type { ImportedThreads, Thread, ThreadChange } from '$lib/api/chat-types';
import { asProblem, isUnheard, type Problem } from '$lib/api/problem';
import type { StudioEvent } from '$lib/api/types';
import { t as common } from '$lib/i18n/messages';
import { newKey } from '$lib/media/secure';
import type { Kept } from '$lib/offline/kept';
import type { Studio } from '$lib/state/studio.svelte';
import { UNDO_MS } from '$lib/state/undoable';
import { t } from './words';

const PAGE_SIZE = 50;
const SEARCH_PAGE_SIZE = 200;

type Ports = Pick<Studio, 'api' | 'hub' | 'complain' | 'toasts' | 'deletions' | 'offline'>;

// Pinned first, then the one used last.
function isBefore(a: Thread, b: Thread): boolean {
  if (a.is_pinned !== b.is_pinned) return a.is_pinned;
  return a.used_at === b.used_at ? a.id > b.id : a.used_at > b.used_at;
}

// Which threads are listed: all that are in use, those of one folder, or what was put away.
export type Scope = 'all' | 'archived' | { folder: string };
export const isIn = (thread: Thread, scope: Scope): boolean =>
  scope === 'archived' ? thread.is_archived : !thread.is_archived && (scope === 'all' || thread.folder === scope.folder);

// Moves one to its place. What lies beyond the pages read so far comes with them.
export function placed(items: readonly Thread[], told: Thread, hasMore: boolean, scope: Scope = 'all'): Thread[] {
  const known = items.find((item) => item.id === told.id);
  if (known && told.revision < known.revision) return items as Thread[];
  const others = items.filter((item) => item.id !== told.id);
  if (!isIn(told, scope)) return others;
  const at = others.findIndex((item) => isBefore(told, item));
  if (at >= 0) return others.toSpliced(at, 0, told);
  return hasMore && !known ? others : [...others, told];
}

// The list of threads: read once, then moved by events.
export class Threads {
  items = $state.raw<Thread[]>([]);
  next = $state('');
  isLoaded = $state(false);
  isLoading = $state(false);
  keptAt = $state(0); // the list is as it was then, since there is no network; 0: as it is
  problem = $state.raw<Problem | null>(null);
  isImporting = $state(false);
  query = $state('');
  scope = $state.raw<Scope>('all');
  #turn = 0;
  #hidden = $state.raw<ReadonlySet<string>>(new Set());
  #kept = $state.raw<Kept | null>(null);
  // With what was changed and is not saved yet.
  readonly visible = $derived(this.items.filter((item) => !this.#hidden.has(item.id)).map((item) => this.#kept?.journal.changed(item) ?? item));
  readonly unsaved = $derived<ReadonlySet<string>>(new Set(this.#kept?.journal.entries.flatMap(({ lane, state }) => (state === 'sending' ? [] : lane))));
  readonly shown = $derived.by(() => {
    const wanted = this.query.trim().toLowerCase();
    return wanted === '' ? this.visible : this.visible.filter((item) => item.title.toLowerCase().includes(wanted));
  });
  #studio: Ports;
  #calls: ChatCalls;
  #stops: (() => void)[] = [];

  constructor(studio: Ports) {
    this.#studio = studio;
    this.#calls = chatCalls(studio.api);
  }

  start(): void {
    this.#stops = [this.#studio.hub.listen((events) => this.hear(events)), this.#studio.hub.onFresh(() => void this.load())];
    void this.load();
  }
  dispose(): void {
    this.#stops.forEach((stop) => stop());
  }

  show(scope: Scope): void {
    this.scope = scope;
    this.items = [];
    this.next = '';
    this.isLoaded = false;
    void this.load();
  }
  #asked(): { is_archived: string; folder?: string } {
    const { scope } = this;
    return { is_archived: String(scope === 'archived'), ...(typeof scope === 'object' ? { folder: scope.folder } : {}) };
  }

  async load(): Promise<void> {
    const turn = ++this.#turn;
    this.isLoading = true;
    try {
      const page = await this.#calls.threads({ limit: PAGE_SIZE, ...this.#asked() });
      if (turn !== this.#turn) return;
      this.items = page.items;
      this.next = page.next;
      this.isLoaded = true;
      this.problem = null;
      this.keptAt = 0;
      this.#keep();
    } catch (error) {
      if (turn !== this.#turn) return;
      this.problem = asProblem(error);
      if (isUnheard(error) && !this.isLoaded) await this.#showKept(turn);
    }
    this.isLoading = false;
  }

  follow(kept: Kept): void {
    if (this.#kept === kept) return;
    this.#kept = kept;
    this.#stops.push(
      kept.journal.listen((told) => {
        if (told.kind === 'changed') this.#take(told.thread);
        else if (told.kind === 'refused') void this.load();
      }),
    );
    this.#keep();
  }
  #keep(): void {
    if (this.isLoaded && this.keptAt === 0 && this.scope === 'all') this.#kept?.threads.keepList(() => this.items.filter((item) => !item.is_temporary));
  }
  async #showKept(turn: number): Promise<void> {
    const kept = this.#studio.offline.kept ?? (await this.#studio.offline.load());
    const found = this.scope === 'all' ? await kept?.threads.readList() : null;
    if (turn !== this.#turn || this.isLoaded || !kept || !found) return;
    this.items = found.items;
    this.next = '';
    this.keptAt = found.at;
    this.isLoaded = true;
    this.follow(kept);
  }
  async more(limit = PAGE_SIZE): Promise<void> {
    if (this.next === '' || this.isLoading) return;
    const turn = this.#turn;
    this.isLoading = true;
    try {
      const page = await this.#calls.threads({ limit, after: this.next, ...this.#asked() });
      if (turn !== this.#turn) return;
      const known = new Set(this.items.map((item) => item.id));
      this.items = [...this.items, ...page.items.filter((item) => !known.has(item.id))];
      this.next = page.next;
    } catch (error) {
      this.#studio.complain(error, () => void this.more());
    }
    this.isLoading = false;
  }
  // Titles are looked through here: all of them have to be here for that.
  async find(query: string): Promise<void> {
    this.query = query;
    for (let before = ''; this.query === query && query.trim() !== '' && this.next !== '' && this.next !== before; ) {
      before = this.next;
      await this.more(SEARCH_PAGE_SIZE);
    }
  }

  hear(events: readonly StudioEvent[]): void {
    for (const event of events) {
      if (event.type === 'thread.changed') this.#take(event.data);
      else if (event.type === 'thread.deleted') this.items = this.items.filter((item) => item.id !== event.data.id);
    }
  }
  #take(told: Thread): void {
    this.items = placed(this.items, told, this.next !== '', this.scope);
    this.#keep();
  }

  // Shown at once, taken back where it was refused.
  async change(thread: Thread, change: ThreadChange): Promise<boolean> {
    this.#take({ ...thread, ...change });
    try {
      this.#take(await this.#calls.changeThread(thread.id, change));
      return true;
    } catch (error) {
      if (this.#kept && isUnheard(error)) {
        this.#kept.journal.keepChange(thread.id, change, newKey());
        return true;
      }
      const now = this.items.find((item) => item.id === thread.id);
      if (!now || now.revision <= thread.revision) this.items = placed(this.items.filter((item) => item.id !== thread.id), thread, false, this.scope);
      this.#studio.complain(error, () => void this.change(thread, change));
      return false;
    }
  }
  rename(thread: Thread, title: string): void {
    if (title.trim() !== '' && title.trim() !== thread.title) void this.change(thread, { title: title.trim() });
  }
  async archive(thread: Thread): Promise<void> {
    if (!(await this.change(thread, { is_archived: true }))) return;
    const undo = (): void => void this.change({ ...thread, is_archived: true }, { is_archived: false });
    this.#studio.toasts.show({ text: t('archived', { title: thread.title || t('untitled') }), action: { label: common('action.undo'), run: undo } }, UNDO_MS);
  }

  bringBack(thread: Thread): void {
    void this.change(thread, { is_archived: false });
  }

  // From a file of this or another product. They come into the list as they are told of.
  async takeFile(file: File): Promise<ImportedThreads | null> {
    this.isImporting = true;
    try {
      const result = await this.#calls.importThreads(file);
      this.#studio.toasts.show({ tone: 'ok', text: t('imported', { count: result.threads.length }) });
      return result;
    } catch (error) {
      this.#studio.complain(error);
      return null;
    } finally {
      this.isImporting = false;
    }
  }

  // Gone from the page at once, from the server when it can no longer be taken back.
  remove(thread: Thread, onundo: () => void = () => {}): void {
    const name = `thread.${thread.id}`;
    const show = (): void => void (this.#hidden = new Set([...this.#hidden].filter((id) => id !== thread.id)));
    this.#hidden = new Set([...this.#hidden, thread.id]);
    this.#studio.deletions.start(name, (keepalive) => {
      this.#calls.deleteThread(thread.id, keepalive).catch((error: unknown) => {
        show();
        this.#studio.complain(error, () => this.remove(thread, onundo));
      });
    });
    const undo = (): void => {
      if (!this.#studio.deletions.undo(name)) return;
      show();
      onundo();
    };
    this.#studio.toasts.show({ text: t('deleted', { title: thread.title || t('untitled') }), action: { label: common('action.undo'), run: undo } }, UNDO_MS);
  }
}
