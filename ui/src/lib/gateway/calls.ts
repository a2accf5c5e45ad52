// The calls of the gateway's pages, each a line.
import { withQuery, type Api } from '../api/client';
import type { AccessKey, Call, CreatedKey, KeySettings, ModelPage, ModelRoute, Provider, ProviderChange, ProviderCheck, ProviderPreset, RouteDefinition, RouteStanding, UsagePage } from '../api/gateway-types';
import type { Page } from '../api/types';

export type Grouping = 'day' | 'model' | 'key';
export type Outcome = 'any' | 'good' | 'failed' | 'aborted';

const at = encodeURIComponent;
const atEach = (path: string): string => path.split('/').map(at).join('/');

export function gatewayCalls(api: Api) {
  return {
    providers: () => api.call<Page<Provider>>('GET', '/api/providers'),
    presets: () => api.call<Page<ProviderPreset>>('GET', '/api/provider-presets'),
    addProvider: (body: ProviderChange & { name: string }) => api.call<Provider>('POST', '/api/providers', { body }),
    changeProvider: (name: string, revision: number, body: ProviderChange) => api.call<Provider>('PUT', `/api/providers/${at(name)}`, { body, revision }),
    removeProvider: (name: string) => api.tell('DELETE', `/api/providers/${at(name)}`),
    checkProvider: (name: string) => api.call<ProviderCheck>('POST', `/api/providers/${at(name)}/check`),

    models: () => api.call<ModelPage>('GET', '/api/models'),
    resetBreaker: (name: string) => api.tell('DELETE', `/api/breakers/${atEach(name)}`),

    routes: () => api.call<Page<ModelRoute>>('GET', '/api/routes'),
    standings: (query: { after?: string; limit: number }) => api.call<Page<RouteStanding>>('GET', withQuery('/api/route-candidates', query)),
    addRoute: (body: RouteDefinition & { name: string }) => api.call<ModelRoute>('POST', '/api/routes', { body }),
    changeRoute: (name: string, revision: number, body: RouteDefinition) => api.call<ModelRoute>('PUT', `/api/routes/${at(name)}`, { body, revision }),
    removeRoute: (name: string) => api.tell('DELETE', `/api/routes/${at(name)}`),

    keys: () => api.call<Page<AccessKey>>('GET', '/api/keys'),
    createKey: (body: KeySettings & { role: string }) => api.call<CreatedKey>('POST', '/api/keys', { body }),
    changeKey: (id: string, revision: number, body: KeySettings) => api.call<AccessKey>('PUT', `/api/keys/${at(id)}`, { body, revision }),
    revokeKey: (id: string) => api.tell('DELETE', `/api/keys/${at(id)}`),
    ownKeys: () => api.call<Page<AccessKey>>('GET', '/api/me/keys'),
    createOwnKey: (body: KeySettings) => api.call<CreatedKey>('POST', '/api/me/keys', { body }),
    revokeOwnKey: (id: string) => api.tell('DELETE', `/api/me/keys/${at(id)}`),

    usage: (query: { from?: string; by: Grouping }) => api.call<UsagePage>('GET', withQuery('/api/usage', query)),
    calls: (query: { outcome?: Outcome; before?: string; limit?: number }) => api.call<Page<Call>>('GET', withQuery('/api/calls', query)),
    oneCall: (number: string) => api.call<Call>('GET', `/api/calls/${at(number)}`),
  };
}
export type GatewayCalls = ReturnType<typeof gatewayCalls>;
