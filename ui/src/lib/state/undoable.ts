// Deletions that wait, so that they can be taken back. What still waits when the page goes away is sent then.

export const UNDO_MS = 10_000;

interface Waiting {
  timer: ReturnType<typeof setTimeout>;
  send: (keepalive: boolean) => void;
}

export class Undoable {
  #waiting = new Map<string, Waiting>();

  start(name: string, send: (keepalive: boolean) => void): void {
    this.undo(name);
    this.#waiting.set(name, { timer: setTimeout(() => this.#finish(name, false), UNDO_MS), send });
  }
  undo(name: string): boolean {
    const waiting = this.#waiting.get(name);
    clearTimeout(waiting?.timer);
    return this.#waiting.delete(name);
  }
  has(name: string): boolean {
    return this.#waiting.has(name);
  }
  flush(): void {
    for (const name of [...this.#waiting.keys()]) this.#finish(name, true);
  }

  #finish(name: string, keepalive: boolean): void {
    const waiting = this.#waiting.get(name);
    if (!waiting) return;
    clearTimeout(waiting.timer);
    this.#waiting.delete(name);
    waiting.send(keepalive);
  }
}
