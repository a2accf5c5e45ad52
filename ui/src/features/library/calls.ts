import type { Api } from '$lib/api/client';
import { withQuery } from '$lib/api/client';
import type { AssetChange, AssetDetails, AssetFolder, AssetRowPage, AssetTag, BulkAnswer, BulkChange } from '$lib/api/asset-types';
import type { Page } from '$lib/api/types';
import { queryOf, type Filter } from './filter';

const at = encodeURIComponent;
export const ROWS_MAX = 200; // of one request
export const BULK_MAX = 500;

export interface Place {
  skip?: number;
  after?: string;
  limit: number;
  total?: boolean;
}

export const libraryCalls = (api: Pick<Api, 'call' | 'tell'>) => ({
  rows: (filter: Filter, { skip, after, limit, total }: Place, signal?: AbortSignal) =>
    // As vite.config.ts has it for the first of all, which the page asks for before it runs.
    api.call<AssetRowPage>('GET', withQuery('/api/assets/rows', { ...queryOf(filter), skip: skip || undefined, after, limit, total: total ? 'true' : undefined }) + (filter.folder === '' ? '&folder=' : ''), { signal }),
  details: (id: string, signal?: AbortSignal) => api.call<AssetDetails>('GET', `/api/assets/${at(id)}`, { signal }),
  change: (id: string, body: AssetChange) => api.call<AssetDetails>('PATCH', `/api/assets/${at(id)}`, { body }),
  bulk: (body: BulkChange, keepalive = false) => api.call<BulkAnswer>('POST', '/api/assets/bulk', { body, keepalive }),
  tags: () => api.call<Page<AssetTag>>('GET', '/api/assets/tags'),
  folders: () => api.call<Page<AssetFolder>>('GET', '/api/asset-folders'),
  addFolder: (name: string) => api.call<AssetFolder>('POST', '/api/asset-folders', { body: { name } }),
  renameFolder: (id: string, name: string) => api.call<AssetFolder>('PATCH', `/api/asset-folders/${at(id)}`, { body: { name } }),
  removeFolder: (id: string) => api.tell('DELETE', `/api/asset-folders/${at(id)}`),
});
export type LibraryCalls = ReturnType<typeof libraryCalls>;
