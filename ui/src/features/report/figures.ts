// What this browser measures of the page: kept until the page is hidden, and then told of at once.
import type { Device } from './device';

export interface PageFigure {
  name: 'LCP' | 'INP' | 'CLS' | 'FCP' | 'TTFB' | 'long_task' | 'route_change' | 'api_call' | 'heap';
  value: number; // milliseconds; CLS its score, heap bytes
  page: string;
  device: Device;
  element?: string;
}

// Of those that come again and again, so many are kept: the first, since later ones are of the same kind.
const OF_A_KIND = 12;
const TOLD_AT_ONCE = 60;

// "main>div.list:nth-child(3)" -> "main>div.list": short, and nothing that could be text.
export const shortSelector = (selector: string | undefined): string | undefined => selector?.replace(/:nth[^>\s]*/g, '').replace(/\s/g, '').slice(-80) || undefined;

export class Figures {
  #last = new Map<string, PageFigure>(); // by the metric's id: what it says last is what holds
  #others: PageFigure[] = [];
  constructor(readonly device: Device) {}

  set(id: string, name: PageFigure['name'], value: number, page: string, selector?: string): void {
    const element = shortSelector(selector);
    this.#last.set(id, { name, value, page, device: this.device, ...(element && { element }) });
  }
  add(name: PageFigure['name'], value: number, page: string): void {
    if (this.#others.filter((figure) => figure.name === name).length < OF_A_KIND) this.#others.push({ name, value, page, device: this.device });
  }
  take(): PageFigure[] {
    const figures = [...this.#last.values(), ...this.#others].slice(0, TOLD_AT_ONCE);
    this.#last.clear();
    this.#others = [];
    return figures;
  }
}

// Calls of the API as entries of the browser's timeline: whole ones, no streams, and not what is told from here.
export function isApiCall({ name, responseEnd }: Pick<PerformanceResourceTiming, 'name' | 'responseEnd'>, origin: string): boolean {
  if (responseEnd <= 0 || !name.startsWith(origin)) return false;
  const path = name.slice(origin.length).split('?')[0]!;
  return path.startsWith('/api/') && !/^\/api\/(events|page-)/.test(path) && !path.endsWith('/stream');
}
