// What dragged assets are told as; asset-drag.ts writes and reads them.
export const ASSET_TYPE = 'application/x-atelier-asset';
