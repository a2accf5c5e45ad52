// The shapes of src/api/README.md, by hand; tests/e2e/types.spec.ts holds them against the server's own.
import type { AlertNotice } from './alert-types';
import type { AssetEvent } from './asset-types';
import type { ChatEvent } from './chat-types';

export type ProductionState = 'draft' | 'rendering' | 'ready' | 'stale' | 'failed';
export type RunState = 'running' | 'succeeded' | 'failed' | 'cancelled';
export type StepState = 'waiting' | 'ready' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'unknown';
export type AssetKind = 'image' | 'video' | 'audio' | 'document';

export interface Session {
  authenticated: boolean;
  role: string | null;
  needs_key: boolean;
  csrf: string | null;
  user: { id: string; name: string } | null; // null: no person, but the machine's own user or a key's
}

export interface ErrorBody {
  code: string;
  message?: string;
  title?: string;
  detail?: string;
  where?: string;
}

export type Background = { kind: 'asset'; asset_id: string } | { kind: string };

export interface Settings {
  size: string;
  fps: number;
  language: string;
  voice: string;
  speed: number;
  caption_style: string;
  background: Background;
  music: { asset_id: string; gain_db: number } | null;
}

export interface Scene {
  id: string;
  index: number;
  heading: string;
  text: string;
  background: Background | null;
  voice: string | null;
  seed: number | string;
  is_rendered: boolean;
  duration_ms: number | null;
}

export interface VideoFile {
  name: string;
  url: string;
  size_bytes: number;
}

export interface Video {
  duration_ms: number;
  width: number;
  height: number;
  size_bytes: number;
  loudness_lufs: number | null; // null: silence has none
  true_peak_dbtp: number | null;
  url: string;
  poster_url: string;
  captions_url: string;
  files: VideoFile[];
}

export interface Step {
  node: string;
  type: string;
  label: string;
  state: StepState;
  attempts: number;
  is_cached: boolean;
  progress: { done: number; total: number };
  started_at: string | null;
  ended_at: string | null;
  error: ErrorBody | null;
}

export interface Run {
  id: string;
  kind: string;
  subject: string;
  title: string;
  state: RunState;
  priority: number;
  created_at: string;
  ended_at: string | null;
  step_count: number;
  done_count: number;
  cached_count: number;
  error: ErrorBody | null;
  stalled?: ErrorBody; // why nothing of it can be stored just now; it goes on by itself
  trace?: string; // of what it did, for those who may see it; as steps, of one run alone
  steps?: Step[];
}

export interface ProductionSummary {
  id: string;
  title: string;
  revision: number;
  state: ProductionState;
  created_at: string;
  updated_at: string;
  scene_count: number;
  run: Run | null;
  video: Video | null;
}

export interface Production extends Omit<ProductionSummary, 'scene_count'> {
  story: string;
  settings: Settings;
  scenes: Scene[];
}

export interface Asset {
  id: string;
  name: string;
  kind: AssetKind;
  media_type: string;
  size_bytes: number;
  width: number | null;
  height: number | null;
  duration_ms: number | null;
  fps: number | null;
  codec: string | null;
  has_audio: boolean | null;
  channels: number | null;
  sample_rate: number | null;
  created_at: string;
  content_url: string;
  poster_url: string | null;
  preview_url: string | null;
  cover_url: string | null;
  loop_url: string | null;
  peaks_url: string | null;
  previews: AssetPreviews | null;
  prepared: PreparedAsset | null;
}
// Whether what is shown of it is there.
export interface AssetPreviews {
  state: 'pending' | 'ready' | 'refused';
  problem?: string;
}
// What a model is sent of it.
export interface PreparedAsset {
  media_type: string;
  size_bytes: number;
  tokens: number;
  width?: number;
  height?: number;
  page_count?: number;
}

export interface Status {
  version: string;
  uptime_ms: number;
  media: { missing: string[] };
}

export interface Page<T> {
  items: T[];
  next: string;
}

export type StudioEvent =
  | { type: 'run.changed'; data: Run }
  | { type: 'run.stalled'; data: Run }
  | { type: 'step.changed'; data: { run: string; step: Step } }
  | { type: 'step.progress'; data: { run: string; node: string; done: number; total: number } }
  | { type: 'step.partial'; data: { run: string; node: string; number: number } }
  | { type: 'production.changed'; data: ProductionSummary }
  | { type: 'production.deleted'; data: { id: string } }
  | { type: 'asset.changed'; data: Asset }
  | { type: 'asset.deleted'; data: { id: string } }
  | { type: 'alert.changed'; data: AlertNotice }
  | AssetEvent
  | ChatEvent;
