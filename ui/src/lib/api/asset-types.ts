// The library's shapes of src/api/README.md, by hand; tests/e2e/types.spec.ts holds them against the server's own.
import type { Asset, AssetKind } from './types';

// As little of an asset as a grid of many shows.
export interface AssetRow {
  id: string;
  name: string;
  kind: AssetKind;
  width: number | null;
  height: number | null;
  duration_ms: number | null;
  size_bytes: number;
  created_at: string;
  preview_url: string | null;
  preview_state: 'none' | 'pending' | 'ready' | 'refused';
}
export interface AssetRowPage {
  items: AssetRow[];
  next: string;
  total?: number; // where it was asked for
}

// Where it is kept, which events tell as well.
export interface PlacedAsset extends Asset {
  origin: 'upload' | 'run' | 'thread';
  origin_id: string | null;
  folder: string | null;
  trashed_at: string | null;
}
export interface AssetLineage {
  provider: string;
  model: string;
  prompt: string;
  parameters: Record<string, unknown>;
  seed: number | null;
  cost: number | null; // dollars; null: not known
  run: string | null;
  step: string | null;
  created_at: string;
  sources: { asset_id: string; role: string; is_there: boolean }[];
}
export interface AssetDetails extends PlacedAsset {
  tags: string[];
  lineage: AssetLineage | null;
  made: AssetRow[]; // from it, newest first
  uses: { threads: number; productions: number };
}

export interface AssetFolder {
  id: string;
  name: string;
  place: number;
}
export interface AssetTag {
  tag: string;
  count: number;
}

export type AssetSort = 'newest' | 'oldest' | 'largest' | 'name';
export type AssetChange = { name?: string; tags?: string[]; folder?: string | null; is_trashed?: boolean };
export type BulkVerb = 'tag' | 'untag' | 'move' | 'trash' | 'restore' | 'delete';
export interface BulkChange {
  verb: BulkVerb;
  ids: readonly string[]; // 500 at most
  tags?: readonly string[];
  folder?: string | null;
}
export interface BulkAnswer {
  done: string[];
  missing: string[];
}

export type AssetEvent =
  | { type: 'assets.changed'; data: { ids: string[]; change: BulkVerb } }
  | { type: 'asset_folder.changed'; data: AssetFolder }
  | { type: 'asset_folder.deleted'; data: { id: string } };
