import type { Model, ModelPage, ModelRoute, Provider, ProviderChange, ProviderPreset, RouteDefinition, RouteStanding } from '$lib/api/gateway-types';
import { asProblem, type Problem } from '$lib/api/problem';
import { gatewayCalls, type GatewayCalls } from '$lib/gateway/calls';
import type { Studio } from '$lib/state/studio.svelte';
import { RouteEdits } from './route-edits.svelte';
import { t } from './words';

// How models are doing changes with every call of anybody, and no event tells of it: it is read again while looked at.
const READ_AGAIN_MS = 10_000;
const ROUTES_SHOWN_FIRST = 50;
const STANDINGS_AT_ONCE = 200; // the server's most

export class ModelsState {
  models = $state.raw<Model[]>([]);
  listings = $state.raw<ModelPage['providers']>([]);
  providers = $state.raw<Provider[]>([]);
  presets = $state.raw<ProviderPreset[]>([]);
  routes = $state.raw<ModelRoute[]>([]);
  standings = $state.raw<Record<string, RouteStanding>>({}); // of the routes that are shown
  showsAllRoutes = $state(false);
  readonly shownRoutes = $derived(this.showsAllRoutes ? this.routes : this.routes.slice(0, ROUTES_SHOWN_FIRST));
  readonly edits: RouteEdits;
  isLoaded = $state(false);
  problem = $state.raw<Problem | null>(null);
  checking = $state('');
  readonly isAdmin: boolean;
  #studio: Studio;
  #calls: GatewayCalls;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(studio: Studio) {
    this.#studio = studio;
    this.#calls = gatewayCalls(studio.api);
    this.isAdmin = studio.session.now?.role === 'admin';
    this.edits = new RouteEdits({
      save: (known, route) => this.#calls.changeRoute(known.name, known.revision, route),
      saved: (route) => {
        this.routes = this.routes.map((one) => (one.name === route.name ? route : one));
        void this.#readStandings().catch(() => {});
      },
      refused: (name, error) => this.#routeRefused(name, error),
    });
  }

  start(): void {
    void this.load();
    this.#timer = setInterval(() => {
      if (document.visibilityState !== 'visible' || !this.isLoaded) return;
      void this.#readModels().catch(() => {});
      void this.#readStandings().catch(() => {});
    }, READ_AGAIN_MS);
  }
  dispose(): void {
    clearInterval(this.#timer);
  }

  async load(): Promise<void> {
    try {
      await Promise.all([this.#readModels(), ...(this.isAdmin ? [this.#readProviders(), this.#readRoutes(), this.#readPresets()] : [])]);
      this.isLoaded = true;
      this.problem = null;
    } catch (error) {
      this.problem = asProblem(error);
    }
  }
  #readModels = async (): Promise<void> => {
    const page = await this.#calls.models();
    this.models = page.items;
    this.listings = page.providers;
  };
  #readProviders = async (): Promise<void> => void (this.providers = (await this.#calls.providers()).items);
  #readRoutes = async (): Promise<void> => {
    this.routes = (await this.#calls.routes()).items;
    await this.#readStandings();
  };
  // In the order of the list of routes, as many as are shown of it.
  #readStandings = async (): Promise<void> => {
    const read: RouteStanding[] = [];
    for (let after = ''; read.length < this.shownRoutes.length; ) {
      const { items, next } = await this.#calls.standings({ after, limit: Math.min(STANDINGS_AT_ONCE, this.shownRoutes.length - read.length) });
      read.push(...items);
      if (next === '') break;
      after = next;
    }
    this.standings = Object.fromEntries(read.map((one) => [one.name, one]));
  };
  showAllRoutes(): void {
    this.showsAllRoutes = true;
    void this.#readStandings().catch((error: unknown) => this.#studio.complain(error));
  }
  #routeRefused(name: string, error: unknown): void {
    if (!asProblem(error).isConflict) return void this.#studio.complain(error);
    this.#studio.toasts.show({ tone: 'bad', text: t('routeChanged', { name }), detail: t('routeChangedDetail') });
    void this.#readRoutes().catch(() => {});
  }
  #readPresets = async (): Promise<void> => void (this.presets = (await this.#calls.presets()).items);

  // Throws what was refused: the form shows it. Whether the address and key are right is asked at once.
  async saveProvider(known: Provider | null, name: string, change: ProviderChange): Promise<void> {
    await this.#write(() => (known ? this.#calls.changeProvider(known.name, known.revision, change) : this.#calls.addProvider({ ...change, name })), this.#readProviders);
    if (change.is_enabled !== false) void this.check(name);
  }
  async saveRoute(known: ModelRoute | null, name: string, route: RouteDefinition): Promise<void> {
    await this.#write(() => (known ? this.#calls.changeRoute(known.name, known.revision, route) : this.#calls.addRoute({ ...route, name })), this.#readRoutes);
  }
  async #write(write: () => Promise<unknown>, read: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      // Opened again, the form has what somebody else set.
      if (asProblem(error).isConflict) void read().catch(() => {});
      throw error;
    }
    await this.#afresh(read);
  }
  // What was written is written, whether or not the lists can be read just now.
  async #afresh(read: () => Promise<void>): Promise<void> {
    await Promise.all([read(), this.#readModels()]).catch((error: unknown) => this.#studio.complain(error));
  }

  async check(name: string): Promise<void> {
    this.checking = name;
    try {
      const found = await this.#calls.checkProvider(name);
      if (found.is_ok) this.#studio.toasts.show({ tone: 'ok', text: t('checked', { name, count: found.model_count }) });
      else this.#studio.toasts.show({ tone: 'bad', text: t('checkFailed', { name }), detail: found.error });
      await this.#readModels();
    } catch (error) {
      this.#studio.complain(error, () => void this.check(name));
    }
    if (this.checking === name) this.checking = '';
  }

  removeProvider = (name: string): Promise<void> => this.#remove(name, () => this.#calls.removeProvider(name), this.#readProviders);
  removeRoute = (name: string): Promise<void> => this.#remove(name, () => this.#calls.removeRoute(name), this.#readRoutes);
  async #remove(name: string, remove: () => Promise<void>, read: () => Promise<void>): Promise<void> {
    try {
      await remove();
      this.#studio.toasts.show({ text: t('removed', { name }) });
      await this.#afresh(read);
    } catch (error) {
      this.#studio.complain(error);
    }
  }

  async resetBreaker(name: string): Promise<void> {
    try {
      await this.#calls.resetBreaker(name);
      this.#studio.toasts.show({ tone: 'ok', text: t('resetDone', { name }) });
      await Promise.all([this.#readModels(), this.#readStandings()]);
    } catch (error) {
      this.#studio.complain(error, () => void this.resetBreaker(name));
    }
  }
}
