// Which assets are shown, and in which order: what the address says.
import type { AssetSort, PlacedAsset } from '$lib/api/asset-types';
import type { AssetKind } from '$lib/api/types';

export interface Filter {
  words: string;
  kind: AssetKind | '';
  folder: string | null; // an id; "": in none; null: wherever
  tag: string;
  isTrash: boolean;
  sort: AssetSort;
}

export const KINDS: readonly AssetKind[] = ['image', 'video', 'audio', 'document'];
export const SORTS: readonly AssetSort[] = ['newest', 'oldest', 'largest', 'name'];
const NO_FOLDER = 'none';

export function filterOf(query: (name: string) => string): Filter {
  const folder = query('folder');
  return {
    words: query('q').trim(),
    kind: KINDS.find((kind) => kind === query('kind')) ?? '',
    folder: folder === '' ? null : folder === NO_FOLDER ? '' : folder,
    tag: query('tag'),
    isTrash: query('trash') !== '',
    sort: SORTS.find((sort) => sort === query('sort')) ?? 'newest',
  };
}
// For the address: what is as it always is, is left out.
export function addressOf(change: Partial<Filter>): Record<string, string | null> {
  const address: Record<string, string | null> = {};
  if (change.words !== undefined) address['q'] = change.words;
  if (change.kind !== undefined) address['kind'] = change.kind;
  if (change.folder !== undefined) address['folder'] = change.folder === '' ? NO_FOLDER : change.folder;
  if (change.tag !== undefined) address['tag'] = change.tag;
  if (change.isTrash !== undefined) address['trash'] = change.isTrash ? '1' : null;
  if (change.sort !== undefined) address['sort'] = change.sort === 'newest' ? null : change.sort;
  return address;
}
// For the server.
export function queryOf(filter: Filter): Record<string, string | undefined> {
  return {
    q: filter.words,
    kind: filter.kind,
    folder: filter.folder ?? undefined,
    tag: filter.tag,
    trash: filter.isTrash ? 'true' : undefined,
    sort: filter.sort === 'newest' ? undefined : filter.sort,
  };
}
export const isEverything = (filter: Filter): boolean => filter.words === '' && filter.kind === '' && filter.folder === null && filter.tag === '' && !filter.isTrash;

// Whether an asset that was told of is among them; null: that cannot be told here.
export function accepts(filter: Filter, asset: PlacedAsset): boolean | null {
  if (filter.kind !== '' && asset.kind !== filter.kind) return false;
  if (filter.isTrash !== (asset.trashed_at !== null)) return false;
  if (filter.folder !== null && (asset.folder ?? '') !== filter.folder) return false;
  return filter.words === '' && filter.tag === '' ? true : null;
}
