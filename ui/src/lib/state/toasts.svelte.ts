export interface Toast {
  id: number;
  text: string;
  detail: string;
  tone: 'plain' | 'bad' | 'ok';
  action: { label: string; run: () => void } | null;
  code: string;
}

const SHOWN_MS = 6000;

// Short messages at the page's edge.
export class Toasts {
  list = $state.raw<Toast[]>([]);
  #next = 1;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();

  show(toast: Partial<Omit<Toast, 'id'>> & { text: string }, shownMs = SHOWN_MS): number {
    const id = this.#next++;
    this.list = [...this.list.slice(-3), { detail: '', tone: 'plain', action: null, code: '', ...toast, id }];
    this.#timers.set(id, setTimeout(() => this.close(id), toast.tone === 'bad' ? Math.max(shownMs, 12_000) : shownMs));
    return id;
  }

  close(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}
