// Models side by side: what is told of each, and which is the best of a column.
import type { Overview, ProviderFigures } from '$lib/api/overview-types';

// Who does best: a column's lowest (of success, the highest) among those that answered often enough to tell.
export type Column = 'success' | 'first' | 'whole' | 'perAnswer';
export const COLUMNS = ['success', 'first', 'whole', 'perAnswer'] as const;
const TOLD_MIN = 5;

export interface ModelRow {
  key: string;
  model: string;
  isLocal: boolean;
  breaker: ProviderFigures['breaker'];
  calls: number;
  figures: Record<Column, number | null>; // milliseconds, a share, dollars
  p95: { first: number; whole: number };
  cost: string | null;
  costIsKnown: 'whole' | 'part' | 'not'; // of some calls nobody knows the price
  perAnswer: string | null;
  best: ReadonlySet<Column>;
}

const knownOf = (usage: ProviderFigures['usage']): ModelRow['costIsKnown'] => (!usage || usage.unpriced === 0 ? 'whole' : Number(usage.cost) > 0 ? 'part' : 'not');
const known = (ms: number): number | null => (ms > 0 ? ms : null);

function figuresOf({ attempts, is_local, success_rate, first_token_p50_ms, whole_p50_ms, usage }: ProviderFigures): ModelRow['figures'] {
  const dollars = usage?.cost_per_answer ?? null;
  return { success: attempts > 0 ? success_rate : null, first: known(first_token_p50_ms), whole: known(whole_p50_ms), perAnswer: is_local ? 0 : dollars === null ? null : Number(dollars) };
}

export function rowsOf(providers: readonly ProviderFigures[]): ModelRow[] {
  const all = providers.map((one) => ({ one, figures: figuresOf(one) }));
  const often = all.filter(({ one }) => one.attempts >= TOLD_MIN);
  const bestOf = (column: Column): number | null => {
    const values = often.flatMap(({ figures }) => figures[column] ?? []);
    const best = column === 'success' ? Math.max(...values) : Math.min(...values);
    // What several do alike nobody does best.
    return values.length > 1 && values.filter((value) => value === best).length === 1 ? best : null;
  };
  const best = new Map(COLUMNS.map((column) => [column, bestOf(column)]));
  return all.map(({ one, figures }) => ({
    key: `${one.provider}/${one.model}`, model: `${one.provider}/${one.model}`, isLocal: one.is_local, breaker: one.breaker,
    calls: one.usage?.calls ?? one.attempts, figures, p95: { first: one.first_token_p95_ms, whole: one.whole_p95_ms },
    cost: one.usage?.cost ?? null, costIsKnown: knownOf(one.usage), perAnswer: one.usage?.cost_per_answer ?? null,
    best: new Set(COLUMNS.filter((column) => one.attempts >= TOLD_MIN && figures[column] !== null && figures[column] === best.get(column))),
  }));
}

export interface Saving {
  id: 'answers' | 'prompts' | 'results';
  saved: string | null; // dollars; null: in no money
  share: number | null; // of what was looked for
  hits: number;
  all: number;
}

export function savingsOf({ answers, prompts, results }: Overview['caches']): Saving[] {
  const of = (id: Saving['id'], saved: string | null, share: number | null, hits: number, misses: number): Saving => ({ id, saved, share, hits, all: hits + misses });
  return [
    of('answers', answers.saved, answers.hit_rate, answers.hits, answers.misses),
    ...(prompts ? [of('prompts', prompts.saved, prompts.hit_rate, prompts.cached_tokens, prompts.fresh_tokens)] : []),
    of('results', null, results.hit_rate, results.hits, results.misses),
  ];
}
