// The newest points of some figures, once a second, as the server makes them: one stream, opened anew for other figures.
import type { FigureLines } from '$lib/api/figure-types';
import { SseParser } from '$lib/api/events/sse';

// One that says nothing for so long is dead: the server tells something every second.
const SILENCE_MAX_MS = 15_000;
// The server refuses request lines of 8 KiB.
const ADDRESS_LENGTH_MAX = 7_500;

export interface LivePorts {
  fetch: (url: string, init: { headers: Record<string, string>; signal: AbortSignal }) => Promise<Response>;
  onlines: (lines: FigureLines) => void;
  // It is no more, and nothing is tried again here. `isRefused`: it told nothing.
  onend: (isRefused: boolean) => void;
}

export const liveAddress = (figures: readonly string[]): string => `/api/performance/events?figures=${encodeURIComponent(figures.join('\n'))}`;
export const fitsLive = (figures: readonly string[], most: number): boolean => figures.length <= most && liveAddress(figures).length <= ADDRESS_LENGTH_MAX;

export class Live {
  #ports: LivePorts;
  #abort: AbortController | null = null;
  #address = '';

  constructor(ports: LivePorts) {
    this.#ports = ports;
  }
  get isOpen(): boolean {
    return this.#abort !== null;
  }
  // Of these and no others. False: it was so already.
  watch(figures: readonly string[]): boolean {
    const address = liveAddress(figures);
    if (this.#abort && address === this.#address) return false;
    this.close();
    this.#address = address;
    void this.#read((this.#abort = new AbortController()));
    return true;
  }
  close(): void {
    this.#abort?.abort();
    this.#abort = null;
  }

  async #read(abort: AbortController): Promise<void> {
    let hasTold = false;
    let silence: ReturnType<typeof setTimeout> | undefined;
    const heard = (): void => {
      clearTimeout(silence);
      silence = setTimeout(() => abort.abort(), SILENCE_MAX_MS);
    };
    try {
      heard();
      const response = await this.#ports.fetch(this.#address, { headers: { Accept: 'text/event-stream' }, signal: abort.signal });
      if (response.ok && response.body) {
        const parser = new SseParser();
        const reader = response.body.getReader();
        for (let part = await reader.read(); !part.done; part = await reader.read()) {
          heard();
          for (const { type, data } of parser.feed(part.value)) {
            if (type !== 'figures' || this.#abort !== abort) continue;
            hasTold = true;
            this.#ports.onlines(JSON.parse(data) as FigureLines);
          }
        }
      }
    } catch {
      // Cut off: as every other end.
    }
    clearTimeout(silence);
    if (this.#abort !== abort) return;
    this.close(); // what was refused, or could not be understood, would hold its place at the server
    this.#ports.onend(!hasTold);
  }
}
