// Files of those that are selected: one as it is, many in an archive that the server makes while it is sent.
import { withQuery } from '$lib/api/client';
import { queryOf, type Filter } from './filter';
import type { Selection } from './selection.svelte';

const IDS_MAX = 300; // in one address

function save(url: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = '';
  link.click();
}
export const archiveUrl = (ids: readonly string[]): string => `/api/assets/zip?ids=${ids.join(',')}`;
export const wholeUrl = (filter: Filter, except: Iterable<string> = []): string => {
  const left = [...except].slice(0, IDS_MAX).join(',');
  return withQuery('/api/assets/zip', { ...queryOf(filter), sort: filter.sort }) + (filter.folder === '' ? '&folder=' : '') + (left && `&except=${left}`);
};

export function download(selection: Selection, filter: Filter): void {
  const { ids } = selection;
  if (ids === null) return save(wholeUrl(filter, selection.except));
  if (ids.length === 1) return save(`/api/assets/${encodeURIComponent(ids[0]!)}/content?download=1`);
  for (let first = 0; first < ids.length; first += IDS_MAX) save(archiveUrl(ids.slice(first, first + IDS_MAX)));
}
