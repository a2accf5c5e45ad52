// What the page of performance asks, each a line.
import type { Api } from '$lib/api/client';
import type { FigureLines, FigurePage, FigureQuery } from '$lib/api/figure-types';
import type { ObjectiveReport } from '$lib/api/objective-types';

export function performanceCalls(api: Api) {
  return {
    objectives: (signal: AbortSignal) => api.call<ObjectiveReport>('GET', '/api/performance/objectives', { signal }),
    figures: () => api.call<FigurePage>('GET', '/api/performance/figures'),
    history: (body: FigureQuery, signal?: AbortSignal) => api.call<FigureLines>('POST', '/api/performance/history', { body, signal }),
  };
}
export type PerformanceCalls = ReturnType<typeof performanceCalls>;
