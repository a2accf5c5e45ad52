import type { Call, UsagePage } from '$lib/api/gateway-types';
import { asProblem, type Problem } from '$lib/api/problem';
import { gatewayCalls, type GatewayCalls, type Grouping, type Outcome } from '$lib/gateway/calls';
import type { Studio } from '$lib/state/studio.svelte';
import { firstDay } from './days';

const CALLS_PER_PAGE = 30;
// No event tells of calls: what is looked at is read again.
const READ_AGAIN_MS = 10_000;

interface Asked {
  days: number;
  by: Grouping;
}

export class UsageState {
  page = $state.raw<(UsagePage & { by: Grouping }) | null>(null);
  problem = $state.raw<Problem | null>(null);
  keyNames = $state.raw<ReadonlyMap<string, string>>(new Map());
  calls = $state.raw<Call[]>([]);
  next = $state('');
  areCallsRead = $state(false);
  callsProblem = $state.raw<Problem | null>(null);
  isReadingMore = $state(false);
  #studio: Studio;
  #api: GatewayCalls;
  #asked: Asked = { days: 30, by: 'day' };
  #shown: Asked | null = null;
  #outcome: Outcome = 'any';
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(studio: Studio) {
    this.#studio = studio;
    this.#api = gatewayCalls(studio.api);
  }
  start(): void {
    if (this.#studio.session.now?.role === 'admin') void this.#readKeys();
    this.#timer = setInterval(() => {
      if (document.visibilityState !== 'visible') return;
      void this.load();
      void this.#readNewest();
    }, READ_AGAIN_MS);
  }
  dispose(): void {
    clearInterval(this.#timer);
  }

  show(days: number, by: Grouping): Promise<void> {
    this.#asked = { days, by };
    return this.load();
  }
  async load(): Promise<void> {
    const asked = this.#asked;
    try {
      const page = await this.#api.usage({ from: firstDay(Date.now(), asked.days), by: asked.by });
      if (asked !== this.#asked) return;
      this.page = { ...page, by: asked.by };
      this.#shown = asked;
      this.problem = null;
    } catch (error) {
      if (asked !== this.#asked) return;
      this.problem = asProblem(error);
      if (asked !== this.#shown) this.page = null; // what is there answers another question
    }
  }

  async showCalls(outcome: Outcome): Promise<void> {
    this.#outcome = outcome;
    try {
      const page = await this.#api.calls({ outcome, limit: CALLS_PER_PAGE });
      if (outcome !== this.#outcome) return;
      this.calls = page.items;
      this.next = page.next;
      this.areCallsRead = true;
      this.callsProblem = null;
    } catch (error) {
      if (outcome !== this.#outcome) return;
      this.callsProblem = asProblem(error);
      this.areCallsRead = false;
      this.calls = [];
      this.next = '';
    }
  }
  async moreCalls(): Promise<void> {
    if (this.next === '' || this.isReadingMore) return;
    const outcome = this.#outcome;
    this.isReadingMore = true;
    try {
      const page = await this.#api.calls({ outcome, before: this.next, limit: CALLS_PER_PAGE });
      if (outcome === this.#outcome) {
        const known = new Set(this.calls.map((call) => call.number));
        this.calls = [...this.calls, ...page.items.filter((call) => !known.has(call.number))];
        this.next = page.next;
      }
    } catch (error) {
      this.#studio.complain(error, () => void this.moreCalls());
    }
    this.isReadingMore = false;
  }
  // What came since is put before what is here. Where more came than a page holds, the list begins anew.
  async #readNewest(): Promise<void> {
    const outcome = this.#outcome;
    const page = await this.#api.calls({ outcome, limit: CALLS_PER_PAGE }).catch(() => null);
    if (!page || outcome !== this.#outcome || !this.areCallsRead) return;
    const newest = this.calls[0]?.number ?? 0;
    const fresh = page.items.filter((call) => call.number > newest);
    if (fresh.length === 0) return;
    const reaches = fresh.length < page.items.length || this.calls.length === 0;
    this.calls = reaches ? [...fresh, ...this.calls] : page.items;
    if (!reaches || this.calls.length === fresh.length) this.next = page.next;
  }

  oneCall = (number: string): Promise<Call> => this.#api.oneCall(number);

  // Names are an ornament: without them a key is told by its id.
  async #readKeys(): Promise<void> {
    const page = await this.#api.keys().catch(() => null);
    if (page) this.keyNames = new Map(page.items.map((key) => [key.id, key.name]));
  }
}
