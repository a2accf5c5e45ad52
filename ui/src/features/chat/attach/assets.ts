// Assets that are in the library already, and go along with what is being written.
import type { Asset } from '$lib/api/types';
import { asProblem } from '$lib/api/problem';
import { readAssets } from '$lib/media/asset-drag';
import type { Studio } from '$lib/state/studio.svelte';
import type { Composer } from '../composer.svelte';
import { t } from './words';

const AT_ONCE = 20;

// `told`: as they were dragged, or their ids with commas between them.
export async function attachAssets(composer: Pick<Composer, 'put'>, { api }: Pick<Studio, 'api'>, told: string): Promise<void> {
  const dragged = readAssets(told).map(({ id }) => id);
  const ids = dragged.length > 0 ? dragged : told.split(',').filter((id) => /^[0-9a-z]+$/.test(id));
  const found = await Promise.all(ids.slice(0, AT_ONCE).map((id) => api.asset(id).catch((error: unknown) => asProblem(error))));
  for (const each of found) {
    if ('kind' in each) composer.put(partFor(each));
    else composer.put({ name: '', size: 0, state: 'refused', why: each.status === 404 ? t('gone') : each.message });
  }
}

function partFor(asset: Asset): Omit<Parameters<Composer['put']>[0], 'key'> {
  const known = { name: asset.name, size: asset.size_bytes };
  if (asset.kind !== 'image' && asset.kind !== 'document') return { ...known, state: 'refused', why: t('kindNotTaken') };
  const { prepared } = asset;
  const size = (width?: number | null, height?: number | null): string => (width && height ? `${width}×${height}` : '');
  return {
    ...known,
    asset: asset.id,
    ...(asset.kind === 'document' ? { type: asset.media_type } : {}),
    ...(prepared?.page_count ? { pages: prepared.page_count } : {}),
    from: size(asset.width, asset.height),
    as: size(prepared?.width, prepared?.height),
  };
}
