// Names of figures, such as `atelier_http_request_seconds{route="/api/threads"}:p95`: a metric's series, and what of it is kept.
export type Stat = 'value' | 'rate' | 'p50' | 'p95' | 'p99';

export interface Figure {
  name: string;
  metric: string;
  labels: ReadonlyMap<string, string>;
  stat: Stat;
}

const SHAPE = /^([a-z_][a-z0-9_]*)(?:\{(.*)\})?:(value|rate|p50|p95|p99)$/;
const LABEL = /([a-z_][a-z0-9_]*)="((?:[^"\\]|\\.)*)"/g;

export function parseFigure(name: string): Figure | null {
  const [, metric, labels = '', stat] = SHAPE.exec(name) ?? [];
  if (!metric) return null;
  const plain = (text: string): string => text.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter));
  return { name, metric, labels: new Map([...labels.matchAll(LABEL)].map(([, label, value]) => [label!, plain(value!)])), stat: stat as Stat };
}

// All there are, by metric and what is kept of it.
export class Catalogue {
  #byKind = new Map<string, Figure[]>();

  constructor(names: readonly string[]) {
    for (const name of names) {
      const figure = parseFigure(name);
      if (!figure) continue;
      const kind = `${figure.metric}:${figure.stat}`;
      this.#byKind.set(kind, [...(this.#byKind.get(kind) ?? []), figure]);
    }
  }
  of(metric: string, stat: Stat): readonly Figure[] {
    return this.#byKind.get(`${metric}:${stat}`) ?? [];
  }
}
