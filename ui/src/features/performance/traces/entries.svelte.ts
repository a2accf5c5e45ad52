import type { Api } from '$lib/api/client';
import { withQuery } from '$lib/api/client';
import { asProblem, isAbort, type Problem } from '$lib/api/problem';
import type { Trace, TraceEntry, TraceEntryPage } from '$lib/api/trace-types';
import { readAgainMs, spanOf, type View } from '../range';
import { isStream } from '../routes';
import type { Wanted } from './address';

const SHOWN_MAX = 50;
// Among what is read are streams, which are not shown unless they are asked for.
const READ_MAX = 200;

export function traceCalls(api: Api) {
  return {
    entries: (query: { from: string; to: string; name: string; order: string; outcome: string; limit: number }, signal: AbortSignal) => api.call<TraceEntryPage>('GET', withQuery('/api/performance/traces', query), { signal }),
    trace: (id: string, signal: AbortSignal) => api.call<Trace>('GET', `/api/performance/traces/${encodeURIComponent(id)}`, { signal }),
  };
}

const first = { newest: (a: TraceEntry, b: TraceEntry) => (a.began_at < b.began_at ? 1 : -1), slowest: (a: TraceEntry, b: TraceEntry) => b.took_us - a.took_us };

// Requests and runs of the time that the page shows; read again as its charts are, while the list is in sight.
export class Entries {
  items = $state.raw<readonly TraceEntry[] | null>(null); // null: not read yet
  problem = $state.raw<Problem | null>(null);
  #calls: ReturnType<typeof traceCalls>;
  #reading: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #again: () => void = () => {};

  constructor(api: Api) {
    this.#calls = traceCalls(api);
  }
  dispose(): void {
    clearTimeout(this.#timer);
    this.#reading?.abort();
  }
  retry = (): void => this.#again();

  show(view: View, names: readonly string[], { order, outcome }: Wanted): void {
    this.#again = () => void this.#read(view, names, order, outcome);
    this.#again();
  }

  async #read(view: View, names: readonly string[], order: Wanted['order'], outcome: Wanted['outcome']): Promise<void> {
    this.dispose();
    const asked = (this.#reading = new AbortController());
    const { fromMs, toMs } = spanOf(view, Date.now());
    const query = { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString(), order, outcome, limit: READ_MAX };
    try {
      const pages = await Promise.all(names.map((name) => this.#calls.entries({ ...query, name }, asked.signal)));
      if (asked.signal.aborted) return;
      const isMeant = ({ facts }: TraceEntry): boolean => names.some((name) => name !== '') || !facts['http.route'] || !isStream(facts['http.route']);
      this.items = pages.flatMap(({ items }) => items.filter(isMeant)).sort(first[order]).slice(0, SHOWN_MAX);
      this.problem = null;
    } catch (error) {
      if (isAbort(error) || asked.signal.aborted) return;
      this.problem = asProblem(error);
    }
    this.#later(readAgainMs(view));
  }
  #later(afterMs: number): void {
    if (afterMs > 0) this.#timer = setTimeout(() => (document.visibilityState === 'visible' ? this.#again() : this.#later(afterMs)), afterMs);
  }
}
