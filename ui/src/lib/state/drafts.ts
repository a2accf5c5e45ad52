// What someone has typed and not yet sent, kept through reloads. Written as typed, flushed when the page is hidden.

export interface Draft {
  text: string;
  base: number; // the revision it was typed over; 0 for none
}

const PREFIX = 'atelier.draft.';
const WRITE_AFTER_MS = 250;

export class Drafts {
  #storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  #waiting = new Map<string, Draft>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>) {
    this.#storage = storage;
  }

  read(name: string): Draft | null {
    const waiting = this.#waiting.get(name);
    if (waiting) return waiting;
    try {
      const raw: unknown = JSON.parse(this.#storage.getItem(PREFIX + name) ?? 'null');
      if (raw === null || typeof raw !== 'object') return null;
      const { text, base } = raw as Partial<Draft>;
      return typeof text === 'string' ? { text, base: typeof base === 'number' ? base : 0 } : null;
    } catch {
      return null;
    }
  }

  write(name: string, draft: Draft): void {
    this.#waiting.set(name, draft);
    this.#timer ??= setTimeout(() => this.flush(), WRITE_AFTER_MS);
  }

  clear(name: string): void {
    this.#waiting.delete(name);
    try {
      this.#storage.removeItem(PREFIX + name);
    } catch {
      // Storage may be forbidden: then nothing was kept either.
    }
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [name, draft] of this.#waiting) {
      try {
        this.#storage.setItem(PREFIX + name, JSON.stringify(draft));
      } catch {
        // Full or forbidden: the text stays on the page.
      }
    }
    this.#waiting.clear();
  }
}

// A storage that forgets, for where the browser has none to give.
export function browserStorage(): Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> {
  try {
    localStorage.getItem(PREFIX);
    return localStorage;
  } catch {
    return { getItem: () => null, setItem: () => {}, removeItem: () => {} };
  }
}
