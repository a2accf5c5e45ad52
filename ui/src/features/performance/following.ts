import { FIGURES_MAX } from './batch';
import { fitsLive, Live } from './live';
import { Tail } from './moving';

// As long as a stream that was refused is not asked for again: others have all the places.
const REFUSED_MS = 60_000;

interface Of {
  onpoints: (tail: Tail) => void; // there are newer ones
  // It is no more; `isRefused`: and is not to be had for a while.
  onend: (isRefused: boolean) => void;
}

// The newest points of all that is seen, told by one stream.
export class Following {
  #tail = new Tail();
  #refusedUntilMs = -Infinity; // by the clock of performance.now()
  #live: Live;

  constructor(of: Of) {
    this.#live = new Live({
      fetch: (url, init) => fetch(url, { ...init, credentials: 'same-origin', cache: 'no-store' }),
      onlines: (lines) => {
        this.#tail.add(lines);
        of.onpoints(this.#tail);
      },
      onend: (isRefused) => {
        if (isRefused) this.#refusedUntilMs = performance.now() + REFUSED_MS;
        of.onend(isRefused);
      },
    });
  }
  get isOpen(): boolean {
    return this.#live.isOpen;
  }
  // Of these and no others. False: they are none or too many, or it was refused a while ago.
  follow(figures: readonly string[]): boolean {
    const can = figures.length > 0 && fitsLive(figures, FIGURES_MAX) && performance.now() > this.#refusedUntilMs;
    if (!can) this.#live.close();
    else if (this.#live.watch(figures)) this.#tail = new Tail();
    return can;
  }
  close(): void {
    this.#live.close();
  }
}
