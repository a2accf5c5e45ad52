import type { Api } from '$lib/api/client';
import { withQuery } from '$lib/api/client';
import type { ErrorDetail, ErrorGroup, ErrorPage } from '$lib/api/error-types';
import { asProblem, isAbort, type Problem } from '$lib/api/problem';

export type Shown = 'open' | 'resolved' | 'all';
const AT_ONCE = 20;
const FIND_MS = 250;

// The inbox of errors, as far as it has been read.
export class ErrorsState {
  items = $state.raw<readonly ErrorGroup[] | null>(null); // null: not read yet
  next = $state('');
  problem = $state.raw<Problem | null>(null);
  text = $state('');
  shown = $state<Shown>('open');
  #api: Api;
  #reading: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(api: Api) {
    this.#api = api;
  }
  dispose(): void {
    clearTimeout(this.#timer);
    this.#reading?.abort();
  }
  find(text: string): void {
    this.text = text;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.read(), FIND_MS);
  }
  show(shown: Shown): void {
    this.shown = shown;
    void this.read();
  }

  async read(after = ''): Promise<void> {
    this.dispose();
    const asked = (this.#reading = new AbortController());
    // Whoever looks for an id means any error.
    const query = { query: this.text.trim(), state: this.shown === 'all' || this.text ? '' : this.shown, after, limit: AT_ONCE };
    try {
      const page = await this.#api.call<ErrorPage>('GET', withQuery('/api/performance/errors', query), { signal: asked.signal });
      if (asked.signal.aborted) return;
      this.items = after ? [...(this.items ?? []), ...page.items] : page.items;
      this.next = page.next;
      this.problem = null;
    } catch (error) {
      if (!isAbort(error) && !asked.signal.aborted) this.problem = asProblem(error);
    }
  }
}

// One error with its last occurrences.
export class ErrorState {
  detail = $state.raw<ErrorDetail | null>(null);
  problem = $state.raw<Problem | null>(null);
  #api: Api;

  constructor(api: Api, readonly id: string) {
    this.#api = api;
  }
  get #path(): string {
    return `/api/performance/errors/${encodeURIComponent(this.id)}`;
  }
  async read(): Promise<void> {
    try {
      this.detail = await this.#api.call<ErrorDetail>('GET', this.#path);
      this.problem = null;
    } catch (error) {
      this.problem = asProblem(error);
    }
  }
  async resolve(): Promise<void> {
    try {
      await this.#api.tell('POST', `${this.#path}/resolve`);
      await this.read();
    } catch (error) {
      this.problem = asProblem(error);
    }
  }
}
