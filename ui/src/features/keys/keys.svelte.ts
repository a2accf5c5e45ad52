import type { AccessKey, CreatedKey, KeySettings } from '$lib/api/gateway-types';
import { asProblem, type Problem } from '$lib/api/problem';
import { gatewayCalls, type GatewayCalls } from '$lib/gateway/calls';
import { beginsOf, spentOf, type Spent } from './spent';
import type { Studio } from '$lib/state/studio.svelte';
import { t } from './words';

// All keys, for an administrator; or those of the person who looks, who makes and revokes them, and changes none.
export class KeysState {
  keys = $state.raw<AccessKey[]>([]);
  spent = $state.raw<Spent | null>(null); // null while unknown: an ornament beside the allowances
  isLoaded = $state(false);
  problem = $state.raw<Problem | null>(null);
  created = $state.raw<CreatedKey | null>(null); // with its secret, until it was seen
  readonly isAdmin: boolean;
  readonly isOwn: boolean;
  #studio: Studio;
  #calls: GatewayCalls;

  constructor(studio: Studio, isOwn = false) {
    this.isOwn = isOwn;
    this.#studio = studio;
    this.#calls = gatewayCalls(studio.api);
    this.isAdmin = studio.session.now?.role === 'admin';
  }

  async load(): Promise<void> {
    try {
      this.keys = (await (this.isOwn ? this.#calls.ownKeys() : this.#calls.keys())).items;
      this.isLoaded = true;
      this.problem = null;
      void this.#readSpent();
    } catch (error) {
      this.problem = asProblem(error);
    }
  }
  async #readSpent(): Promise<void> {
    if (this.isOwn || !this.keys.some((key) => !key.is_revoked && (key.day_allowance !== null || key.month_allowance !== null))) return;
    const { day, month } = beginsOf(Date.now());
    const read = (from: string) => this.#calls.usage({ from, by: 'key' });
    const pages = await Promise.all([read(day), read(month)]).catch(() => null);
    if (pages) this.spent = { day: spentOf(pages[0].items), month: spentOf(pages[1].items) };
  }

  // Throws what was refused: the form shows it.
  async create(settings: KeySettings, role: string): Promise<void> {
    const created = await (this.isOwn ? this.#calls.createOwnKey(settings) : this.#calls.createKey({ ...settings, role }));
    this.created = created;
    const { secret: _, ...key } = created;
    this.keys = [key, ...this.keys];
    void this.#readSpent();
  }
  async change(known: AccessKey, settings: KeySettings): Promise<void> {
    try {
      const changed = await this.#calls.changeKey(known.id, known.revision, settings);
      this.keys = this.keys.map((key) => (key.id === changed.id ? changed : key));
      void this.#readSpent();
    } catch (error) {
      // Opened again, the form has what somebody else set.
      if (asProblem(error).isConflict) void this.load();
      throw error;
    }
  }

  async revoke(key: AccessKey): Promise<void> {
    try {
      await (this.isOwn ? this.#calls.revokeOwnKey(key.id) : this.#calls.revokeKey(key.id));
      this.#studio.toasts.show({ text: t('revokeDone', { name: key.name }) });
      await this.load();
    } catch (error) {
      this.#studio.complain(error);
    }
  }
}
