import type { Api } from './client';

export interface ManualTitle {
  title: string;
  anchor: string; // empty: the page's beginning
  level: number;
}
export interface ManualPage<S = ManualTitle> {
  name: string;
  title: string;
  sections: S[];
}
export type ManualText = ManualPage<ManualTitle & { text: string }>;

// The calls of the manual, each a line.
export const manualCalls = (api: Pick<Api, 'call'>) => ({
  pages: () => api.call<{ items: ManualPage[] }>('GET', '/api/manual'),
  page: (name: string) => api.call<ManualText>('GET', `/api/manual/${encodeURIComponent(name)}`),
});
