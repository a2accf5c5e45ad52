// Errors of the page that nobody caught, gathered and told of once each.

export interface PageError {
  name: string;
  message: string;
  stack: string;
  page: string;
  request_id?: string;
  count: number;
}

// What is told at once, and of one page's life. The server takes no more of one report.
const TOLD_AT_ONCE = 10;
const KINDS_MAX = 20;
const COUNT_MAX = 10_000;

const cut = (text: unknown, charactersMax: number): string => String(text ?? '').slice(0, charactersMax);

// Whatever was thrown. The server keeps of it what browsers write themselves, and drops the rest.
export function describe(thrown: unknown, page: string): PageError {
  if (!(thrown instanceof Error)) return { name: typeof thrown, message: '', stack: '', page, count: 1 };
  const id = (thrown as { requestId?: unknown }).requestId;
  return {
    name: cut(thrown.name, 60),
    message: cut(thrown.message, 300),
    stack: cut(thrown.stack, 2500),
    page: cut(page, 120),
    ...(typeof id === 'string' && id !== '' && { request_id: cut(id, 100) }),
    count: 1,
  };
}

// A request that was given up, or a server out of reach, is no error of the page.
const isExpected = (thrown: unknown): boolean =>
  thrown instanceof DOMException ? thrown.name === 'AbortError' : (thrown as { isOffline?: unknown } | null)?.isOffline === true;

export class Errors {
  #waiting = new Map<string, PageError>();
  #known = new Set<string>();

  // False: nothing new to tell.
  add(thrown: unknown, page: string): boolean {
    if (isExpected(thrown)) return false;
    const error = describe(thrown, page);
    const key = `${error.name} ${error.message} ${error.stack.slice(0, 400)}`;
    const waiting = this.#waiting.get(key);
    if (waiting) waiting.count = Math.min(COUNT_MAX, waiting.count + 1);
    if (waiting || this.#known.has(key) || this.#known.size >= KINDS_MAX || this.#waiting.size >= TOLD_AT_ONCE) return false;
    this.#known.add(key);
    this.#waiting.set(key, error);
    return true;
  }
  take(): PageError[] {
    const errors = [...this.#waiting.values()];
    this.#waiting.clear();
    return errors;
  }
}
