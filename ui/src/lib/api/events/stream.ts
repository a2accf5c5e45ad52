// One connection to /api/events that is kept alive: it reconnects with growing waits and asks from where it was.
import { SseParser } from './sse';

export type StreamStatus =
  | { word: 'connecting' }
  | { word: 'live' }
  | { word: 'waiting'; until: number } // until: clock milliseconds of the next try
  | { word: 'offline' } // the browser says there is no network
  | { word: 'refused' }; // no session: trying again is of no use until there is one

export interface Envelope {
  type: string;
  id: string;
  data: unknown; // what `data.data` holds
}

export interface StreamPorts {
  fetch: (url: string, init: { headers: Record<string, string>; signal: AbortSignal }) => Promise<Response>;
  now: () => number;
  random: () => number;
  isOnline: () => boolean;
  setTimer: (call: () => void, ms: number) => unknown;
  clearTimer: (timer: unknown) => void;
}

const WAIT_FIRST_MS = 500;
const WAIT_MAX_MS = 30_000;
const JITTER = 0.3;
// The server sends a comment at least every 15 s; silence for this long means the connection is dead.
const SILENCE_MAX_MS = 45_000;

export function waitBeforeTry(failures: number, random: number): number {
  const plain = Math.min(WAIT_MAX_MS, WAIT_FIRST_MS * 2 ** Math.max(0, failures - 1));
  return Math.round(plain * (1 - JITTER / 2 + JITTER * random));
}

export class EventStream {
  status: StreamStatus = { word: 'connecting' };
  #ports: StreamPorts;
  #onEvents: (events: Envelope[]) => void;
  #onStatus: (status: StreamStatus) => void;
  #lastId = '';
  #failures = 0;
  #timer: unknown = null;
  #abort: AbortController | null = null;
  #isStopped = true;

  constructor(ports: StreamPorts, onEvents: (events: Envelope[]) => void, onStatus: (status: StreamStatus) => void) {
    this.#ports = ports;
    this.#onEvents = onEvents;
    this.#onStatus = onStatus;
  }

  start(): void {
    if (!this.#isStopped) return;
    this.#isStopped = false;
    void this.#connect();
  }

  stop(): void {
    this.#isStopped = true;
    this.#clear();
    this.#abort?.abort();
    this.#abort = null;
  }

  // Something says that a try would be worth it now: the network is back, the person came back, a session began.
  wake(): void {
    if (this.#isStopped || this.#abort !== null) return;
    this.#clear();
    void this.#connect();
  }

  #clear(): void {
    if (this.#timer !== null) this.#ports.clearTimer(this.#timer);
    this.#timer = null;
  }

  #become(status: StreamStatus): void {
    this.status = status;
    this.#onStatus(status);
  }

  async #connect(): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    this.#become({ word: 'connecting' });
    let isRefused = false;
    try {
      const headers: Record<string, string> = { Accept: 'text/event-stream' };
      const isResumed = this.#lastId !== '';
      if (isResumed) headers['Last-Event-ID'] = this.#lastId;
      const response = await this.#ports.fetch('/api/events', { headers, signal: abort.signal });
      isRefused = response.status === 401 || response.status === 403;
      if (response.ok && response.body) await this.#read(response.body, abort, isResumed);
    } catch {
      // Cut off: what follows treats every end alike.
    }
    if (this.#abort !== abort) return;
    this.#abort = null;
    if (this.#isStopped) return;
    if (isRefused) return this.#become({ word: 'refused' });
    this.#later();
  }

  async #read(body: ReadableStream<Uint8Array>, abort: AbortController, isResumed: boolean): Promise<void> {
    const parser = new SseParser();
    const reader = body.getReader();
    for (;;) {
      const silence = this.#ports.setTimer(() => abort.abort(), SILENCE_MAX_MS);
      const { done, value } = await reader.read().finally(() => this.#ports.clearTimer(silence));
      if (done) return;
      const events: Envelope[] = [];
      for (const message of parser.feed(value)) {
        if (message.hasId) this.#lastId = message.id;
        // A greeting after what was missed: nothing is to be read again.
        if (message.type === 'closing' || (message.type === 'hello' && isResumed)) continue;
        const envelope = JSON.parse(message.data) as { data?: unknown };
        events.push({ type: message.type, id: message.hasId ? message.id : '', data: envelope.data ?? envelope });
      }
      if (this.status.word !== 'live') {
        this.#failures = 0;
        this.#become({ word: 'live' });
      }
      if (events.length > 0) this.#onEvents(events);
    }
  }

  #later(): void {
    this.#failures += 1;
    const wait = waitBeforeTry(this.#failures, this.#ports.random());
    this.#become(this.#ports.isOnline() ? { word: 'waiting', until: this.#ports.now() + wait } : { word: 'offline' });
    this.#timer = this.#ports.setTimer(() => {
      this.#timer = null;
      void this.#connect();
    }, wait);
  }
}

export const browserPorts = (): StreamPorts => ({
  fetch: (url, init) => fetch(url, { ...init, credentials: 'same-origin', cache: 'no-store' }),
  now: () => Date.now(),
  random: () => Math.random(),
  isOnline: () => navigator.onLine,
  setTimer: (call, ms) => setTimeout(call, ms),
  clearTimer: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
});
