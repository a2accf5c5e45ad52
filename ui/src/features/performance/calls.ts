// What the page of performance asks, each a line.
import type { Api } from '$lib/api/client';
import type { FigureLines, FigurePage, FigureQuery } from '$lib/api/figure-types';

export function performanceCalls(api: Api) {
  return {
    figures: () => api.call<FigurePage>('GET', '/api/performance/figures'),
    history: (body: FigureQuery, signal: AbortSignal) => api.call<FigureLines>('POST', '/api/performance/history', { body, signal }),
  };
}
export type PerformanceCalls = ReturnType<typeof performanceCalls>;
