// What alerts ask of the server, each a line.
import type { AlertPage, AlertStateName, AlertWithEvidence, NewSilence } from '$lib/api/alert-types';
import { withQuery, type Api } from '$lib/api/client';

const at = (id: string, rest = ''): string => `/api/performance/alerts/${encodeURIComponent(id)}${rest}`;

export function alertCalls(api: Api) {
  return {
    list: (state: AlertStateName, limit: number, after = '', signal?: AbortSignal) => api.call<AlertPage>('GET', withQuery('/api/performance/alerts', { state, limit, after }), { signal }),
    find: (id: string) => api.call<AlertWithEvidence>('GET', at(id)),
    resolve: (id: string) => api.call<AlertWithEvidence>('POST', at(id, '/resolve')),
    silence: (id: string, body: NewSilence) => api.call<AlertWithEvidence>('POST', at(id, '/silence'), { body }),
    unsilence: (id: string) => api.tell('DELETE', at(id, '/silence')),
  };
}
export type AlertCalls = ReturnType<typeof alertCalls>;
