import { chatCalls } from '$lib/api/chat';
import type { Thread } from '$lib/api/chat-types';
import { asProblem } from '$lib/api/problem';
import { manualCalls, type ManualPage } from '$lib/api/manual';
import type { Asset, ProductionSummary } from '$lib/api/types';
import type { MessageKey } from '$lib/i18n/messages';
import { t } from './words';
import { look, type Theme } from '$lib/state/look.svelte';
import { goKeys } from '$lib/state/shortcuts';
import type { Studio } from '$lib/state/studio.svelte';
import { best } from './match';

export interface Entry {
  id: string;
  kind: 'here' | 'thread' | 'short' | 'page' | 'action' | 'asset' | 'help';
  label: string;
  keys: readonly string[];
  run: () => void;
}
const READ_MAX = 200;
const RECENT = 6;
const SHOWN_MAX = 50;

const pages: readonly { path: string; label: MessageKey; isOfAdmins?: boolean }[] = [
  { path: '/c', label: 'nav.chat' },
  { path: '/shorts', label: 'nav.shorts' },
  { path: '/image', label: 'nav.image' },
  { path: '/audio', label: 'nav.audio' },
  { path: '/video', label: 'nav.video' },
  { path: '/library', label: 'nav.library' },
  { path: '/activity', label: 'nav.activity' },
  { path: '/models', label: 'nav.models' },
  { path: '/keys', label: 'nav.keys' },
  { path: '/usage', label: 'nav.usage' },
  { path: '/performance', label: 'nav.performance', isOfAdmins: true },
  { path: '/settings', label: 'nav.settings' },
  { path: '/help', label: 'nav.help' },
];
const themes: readonly { theme: Theme; label: Parameters<typeof t>[0] }[] = [
  { theme: 'light', label: 'palette.light' },
  { theme: 'dark', label: 'palette.dark' },
  { theme: 'system', label: 'palette.system' },
];

// All that can be gone to or done from anywhere. What is read from the server is read when the palette opens.
export class Entries {
  query = $state('');
  isReading = $state(true);
  #threads = $state.raw<Thread[]>([]);
  #shorts = $state.raw<ProductionSummary[]>([]);
  #assets = $state.raw<Asset[]>([]);
  #manual = $state.raw<ManualPage[]>([]);
  #studio: Studio;
  #help: () => void;
  readonly shown = $derived.by(() => (this.query.trim() === '' ? this.#first() : best(this.#all(), this.query, (entry) => entry.label, SHOWN_MAX)));

  constructor(studio: Studio, help: () => void) {
    this.#studio = studio;
    this.#help = help;
  }

  async read(): Promise<void> {
    try {
      const { api } = this.#studio;
      const [threads, shorts, assets, manual] = await Promise.all([
        chatCalls(api).threads({ limit: READ_MAX }), api.productions({ limit: READ_MAX }), api.assets({ limit: READ_MAX }), manualCalls(api).pages(),
      ]);
      this.#threads = threads.items;
      this.#shorts = shorts.items;
      this.#assets = assets.items;
      this.#manual = manual.items;
    } catch (error) {
      if (!asProblem(error).isOffline) this.#studio.complain(error);
    }
    this.isReading = false;
  }

  async #stop(run: string): Promise<void> {
    try {
      this.#studio.runs.put(await this.#studio.api.cancelRun(run));
    } catch (error) {
      this.#studio.complain(error);
    }
  }
  #go = (href: string) => (): void => this.#studio.router.go(href);

  #here(): Entry[] {
    return this.#studio.commands.here.map(({ id, label, keys = [], run }) => ({ id: `here.${id}`, kind: 'here', label, keys, run }));
  }
  #ofThreads(): Entry[] {
    return this.#threads.map(({ id, title }) => ({ id: `thread.${id}`, kind: 'thread', label: title || t('shorts.untitled'), keys: [], run: this.#go(`/c/${id}`) }));
  }
  #ofShorts(): Entry[] {
    return this.#shorts.map(({ id, title }) => ({ id: `short.${id}`, kind: 'short', label: title || t('shorts.untitled'), keys: [], run: this.#go(`/shorts/${id}`) }));
  }
  #ofPages(): Entry[] {
    const keyOf = (path: string): string[] => Object.entries(goKeys).flatMap(([key, target]) => (target === path ? ['g', key] : []));
    const isAdmin = this.#studio.session.now?.role === 'admin';
    return pages.filter(({ isOfAdmins }) => isAdmin || !isOfAdmins).map(({ path, label }) => ({ id: `page.${path}`, kind: 'page', label: t('palette.goTo', { page: t(label) }), keys: keyOf(path), run: this.#go(path) }));
  }
  #actions(): Entry[] {
    const action = (id: string, label: string, run: () => void, keys: readonly string[] = []): Entry => ({ id: `action.${id}`, kind: 'action', label, keys, run });
    const { session } = this.#studio;
    return [
      action('thread', t('palette.newThread'), this.#go('/c')),
      action('new', t('palette.new'), this.#go('/shorts?new=1')),
      ...this.#studio.runs.active.map(({ id, title }) => action(`stop.${id}`, t('run.stop', { title }), () => void this.#stop(id))),
      ...themes.filter(({ theme }) => theme !== look.theme).map(({ theme, label }) => action(theme, t(label), () => look.set(theme))),
      action('help', t('palette.keys'), this.#help, ['?']),
      ...(session.now?.needs_key && session.now.authenticated ? [action('out', t('settings.signOut'), () => void session.signOut())] : []),
    ];
  }
  #ofAssets(): Entry[] {
    return this.#assets.map(({ id, name }) => ({ id: `asset.${id}`, kind: 'asset', label: name, keys: [], run: this.#go(`/library?asset=${id}`) }));
  }

  #ofManual(): Entry[] {
    return this.#manual.flatMap(({ name, title: page, sections }) =>
      sections.map(({ title, anchor }) => ({ id: `help.${name}.${anchor}`, kind: 'help', label: t('palette.help', { title: anchor === '' ? page : `${page}, ${title}` }), keys: [], run: this.#go(anchor === '' ? `/help/${name}` : `/help/${name}#${anchor}`) })));
  }

  #all(): Entry[] {
    return [...this.#here(), ...this.#ofThreads(), ...this.#ofShorts(), ...this.#ofPages(), ...this.#actions(), ...this.#ofAssets(), ...this.#ofManual()];
  }
  #first(): Entry[] {
    return [...this.#here(), ...this.#ofThreads().slice(0, RECENT), ...this.#ofShorts().slice(0, RECENT), ...this.#ofPages(), ...this.#actions()];
  }
}
