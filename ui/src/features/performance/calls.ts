// What the page of performance asks, each a line.
import type { Api } from '$lib/api/client';
import type { FigureLines, FigurePage, FigureQuery } from '$lib/api/figure-types';
import type { ObjectiveReport } from '$lib/api/objective-types';
import { queriesOf, together, type Answer, type Wish } from './batch';
import type { Span } from './range';

export function performanceCalls(api: Pick<Api, 'call'>) {
  return {
    objectives: (signal: AbortSignal) => api.call<ObjectiveReport>('GET', '/api/performance/objectives', { signal }),
    figures: () => api.call<FigurePage>('GET', '/api/performance/figures'),
    history: (body: FigureQuery, signal?: AbortSignal) => api.call<FigureLines>('POST', '/api/performance/history', { body, signal }),
  };
}
export type PerformanceCalls = ReturnType<typeof performanceCalls>;

// All lines that are wished for, in as few questions as the server takes.
export const askLines = async (calls: Pick<PerformanceCalls, 'history'>, wishes: Iterable<Wish>, span: Span, signal: AbortSignal): Promise<Answer> =>
  together(await Promise.all(queriesOf(wishes, span).map((query) => calls.history(query, signal))), span);
