// Assets that are dragged from one place of the page, or of another window of it, to another: what gives them and what takes them
// agree on this. Only what is dropped can be read; while it is dragged, only that it is assets.
import { ASSET_TYPE } from './asset-type';

export { ASSET_TYPE };

export interface DraggedAsset {
  id: string;
  name: string;
  kind: 'image' | 'video' | 'audio' | 'document';
}

export const hasAssets = (data: DataTransfer | null): boolean => data?.types.includes(ASSET_TYPE) ?? false;

export function giveAssets(data: DataTransfer, assets: readonly DraggedAsset[], origin: string): void {
  data.effectAllowed = 'copy';
  data.setData(ASSET_TYPE, JSON.stringify(assets.map(({ id, name, kind }) => ({ id, name, kind }))));
  // What any other program makes something of.
  data.setData('text/uri-list', assets.map(({ id }) => `${origin}/api/assets/${encodeURIComponent(id)}/content`).join('\r\n'));
}

// What somebody else put there under this name gives none.
export function readAssets(text: string): DraggedAsset[] {
  try {
    const told: unknown = JSON.parse(text);
    return Array.isArray(told) ? told.filter((each): each is DraggedAsset => typeof each?.id === 'string' && typeof each?.name === 'string' && ['image', 'video', 'audio', 'document'].includes(each?.kind)) : [];
  } catch {
    return [];
  }
}
