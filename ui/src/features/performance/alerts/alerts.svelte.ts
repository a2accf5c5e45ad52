import type { Alert, NewSilence } from '$lib/api/alert-types';
import { asProblem, isAbort, type Problem } from '$lib/api/problem';
import { formatMoment } from '$lib/i18n/format';
import type { Studio } from '$lib/state/studio.svelte';
import { alertCalls, type AlertCalls } from './calls';
import { t } from './words';

const READ_EVERY_MS = 30_000; // what is told reads at once; this is for times and counts
const AT_ONCE_MAX = 200;
const EARLIER = 20; // at a time

// What fires now, and was before, as the page of performance shows it.
export class AlertsState {
  firing = $state.raw<readonly Alert[] | null>(null);
  earlier = $state.raw<readonly Alert[] | null>(null); // null: nobody asked
  hasMore = $state(false);
  problem = $state.raw<Problem | null>(null);
  readonly calls: AlertCalls;
  #studio: Studio;
  #next = '';
  #stops: (() => void)[] = [];
  #reading: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #onSight = (): void => {
    if (document.visibilityState === 'visible') void this.read();
  };

  constructor(studio: Studio) {
    this.#studio = studio;
    this.calls = alertCalls(studio.api);
  }
  start(): () => void {
    this.#stops = [
      this.#studio.hub.listen((events) => void (events.some(({ type }) => type === 'alert.changed') && this.read())),
      this.#studio.hub.onFresh(() => void this.read()),
    ];
    document.addEventListener('visibilitychange', this.#onSight);
    void this.read();
    return () => {
      document.removeEventListener('visibilitychange', this.#onSight);
      clearTimeout(this.#timer);
      this.#reading?.abort();
      this.#stops.forEach((stop) => stop());
    };
  }
  // The newest question is the one that counts: an older answer may come later.
  read = async (): Promise<void> => {
    clearTimeout(this.#timer);
    this.#reading?.abort();
    const { signal } = (this.#reading = new AbortController());
    try {
      const page = await this.calls.list('firing', AT_ONCE_MAX, '', signal);
      if (signal.aborted) return;
      this.firing = page.items;
      this.#studio.alerts = page;
      if (this.earlier) await this.#readEarlier('', Math.min(AT_ONCE_MAX, Math.max(EARLIER, this.earlier.length)), signal);
      this.problem = null;
    } catch (error) {
      if (isAbort(error) || signal.aborted) return;
      this.problem = asProblem(error);
    }
    if (!signal.aborted) this.#timer = setTimeout(this.#onSight, READ_EVERY_MS);
  };
  toggleEarlier = async (): Promise<void> => {
    if (this.earlier) this.earlier = null;
    else await this.#try(() => this.#readEarlier());
  };
  more = (): Promise<void> => this.#try(() => this.#readEarlier(this.#next));
  silence = (alert: Alert, wanted: NewSilence): Promise<void> => this.#try(() => this.keepSilent(alert, wanted));
  // Throws what was refused: a form tells it beside its field.
  async keepSilent(alert: Alert, wanted: NewSilence): Promise<void> {
    const { silence } = await this.calls.silence(alert.id, wanted);
    if (silence) this.#studio.toasts.show({ tone: 'ok', text: t('told.silenced', { time: formatMoment(silence.until) }) });
    await this.read();
  }
  unsilence = (alert: Alert): Promise<void> =>
    this.#try(async () => {
      await this.calls.unsilence(alert.id);
      await this.read();
    });
  resolve = (alert: Alert): Promise<void> =>
    this.#try(async () => {
      await this.calls.resolve(alert.id);
      this.#studio.toasts.show({ tone: 'ok', text: t('told.resolved') });
      await this.read();
    });

  async #readEarlier(after = '', limit = EARLIER, signal?: AbortSignal): Promise<void> {
    const before = this.earlier;
    const page = await this.calls.list('resolved', limit, after, signal);
    if (this.earlier !== before) return; // hidden meanwhile, or read twice
    this.earlier = after === '' ? page.items : [...(before ?? []), ...page.items];
    this.#next = page.next;
    this.hasMore = page.next !== '';
  }
  async #try(what: () => Promise<void>): Promise<void> {
    try {
      await what();
    } catch (error) {
      this.#studio.complain(error);
    }
  }
}
