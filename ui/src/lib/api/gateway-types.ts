// The gateway's shapes, by hand; tests/e2e/types.spec.ts holds them against the server's own. Money is decimal text, in dollars.

export interface ProviderPreset {
  name: string;
  title: string;
  protocol: string;
  base_url: string;
  key_variable: string;
}

export interface Provider {
  name: string;
  preset: string;
  base_url: string;
  key_variable: string;
  model_prefixes: string[];
  is_enabled: boolean;
  is_free: boolean;
  skips_tls_checks: boolean;
  first_byte_timeout_ms: number;
  stall_timeout_ms: number;
  has_key: boolean;
  key_end: string; // the last characters of the key: all that ever comes out
  header_names: string[];
  trouble: string; // why it cannot be called
  is_from_environment: boolean;
  revision: number;
}

// Sets a provider anew; a key and headers that are left out stay as they were.
export interface ProviderChange {
  preset: string;
  base_url?: string;
  key_variable?: string;
  model_prefixes?: string[];
  is_enabled?: boolean;
  is_free?: boolean;
  skips_tls_checks?: boolean;
  first_byte_timeout_ms?: number;
  stall_timeout_ms?: number;
  key?: string;
  headers?: Record<string, string> | null;
}

export interface ProviderCheck {
  is_ok: boolean;
  error: string;
  model_count: number;
}

export type Strategy = 'ordered' | 'weighted' | 'least_loaded' | 'lowest_latency' | 'lowest_cost' | 'automatic';

export interface RouteTarget {
  provider: string;
  model: string;
  weight?: number;
}

export interface RouteDefinition {
  strategy?: Strategy;
  targets: RouteTarget[];
  cache_life_s?: number;
  hedges?: boolean;
  shares_equal?: boolean;
}

export interface ModelRoute extends RouteDefinition {
  name: string;
  revision: number;
  created_at: string;
  updated_at: string;
}

export interface ModelHealth {
  is_available: boolean;
  breaker: 'closed' | 'open' | 'half_open';
  opens_in_ms: number; // until it is tried again
  is_account_fault: boolean;
  attempts: number;
  failures: number;
  success_rate: number; // 0 to 1
  first_token_ms: number;
  first_token_p50_ms: number; // 0: none
  first_token_p95_ms: number;
  whole_p50_ms: number; // of answers that came whole, pictures, sound and clips among them
  whole_p95_ms: number;
  in_flight: number;
  last_error: string;
  last_error_at: string | null;
}

// What it charges, of so many of each; empty: nothing; null: nobody knows.
export type ModelRates = { of: 'input_tokens' | 'output_tokens' | 'image_tokens' | 'audio_tokens' | 'images' | 'characters' | 'audio_seconds' | 'video_seconds' | 'requests'; count: number; price: string }[] | null;

export interface Served {
  attempts: number;
  answered: number;
}

// One target of a route, as it stands now.
export interface RouteCandidate {
  name: string;
  provider: string;
  model: string;
  weight: number;
  turn: number | null; // 0: asked first; null: passed over
  chance: number; // of being asked first, 0 to 1
  is_local: boolean;
  health: ModelHealth | null; // null: its provider is not configured
  rates: ModelRates;
  hour: Served;
  day: Served;
}

export interface RouteStanding {
  name: string;
  strategy: string;
  hour: Served; // with those that were taken out of it since
  day: Served;
  candidates: RouteCandidate[];
}

export interface Model {
  id: string;
  kind: 'model' | 'route';
  title?: string;
  context_tokens?: number;
  output_tokens_max?: number;
  provider?: string;
  name?: string; // provider/model
  is_local?: boolean;
  is_built_in?: boolean; // part of the studio, and no language model
  input_price?: string | null; // of a million tokens; null where nobody knows
  output_price?: string | null;
  health?: ModelHealth;
}

export interface ModelPage {
  items: Model[];
  next: string;
  providers: { name: string; protocol: string; is_local: boolean; is_found: boolean; is_built_in: boolean; last_error: string; listed_at: string | null }[]; // is_found: on this machine, by itself
}

export interface KeySettings {
  name: string;
  models: string[];
  routes: string[];
  expires_at: string | null;
  requests_per_minute: number; // 0: no limit
  tokens_per_minute: number;
  concurrent_max: number;
  day_allowance: string | null;
  month_allowance: string | null;
}

export interface AccessKey extends KeySettings {
  id: string;
  role: string;
  created_at: string;
  last_used_at: string | null;
  is_revoked: boolean;
  revision: number;
}

export interface CreatedKey extends AccessKey {
  secret: string;
}

// Buckets that share no token.
export interface TokenCounts {
  input: number;
  cached_read: number;
  cached_write: number;
  output: number; // without reasoning
  reasoning: number;
  other_media: number;
}

export interface CallUsage extends TokenCounts {
  is_estimated: boolean;
}

export interface CallAttempt {
  candidate: string;
  fault: string; // '' where it went well
  status: number;
  began_ms: number; // after the call began
  total_ms: number;
  first_token_ms: number | null;
}

export interface Call {
  number: number;
  at: string;
  key: string | null;
  face: string;
  asked: string;
  route: string;
  provider: string;
  model: string;
  attempts: CallAttempt[];
  status: number;
  fault: string;
  is_aborted: boolean;
  is_streamed: boolean;
  is_cached: boolean;
  total_ms: number;
  first_token_ms: number | null;
  usage: CallUsage;
  cost: string | null; // null where nobody knows
  request_id: string;
  trace: string;
  has_texts: boolean;
  request_text?: string;
  answer_text?: string;
}

export interface UsageRow extends TokenCounts {
  day: string | null;
  key: string | null;
  provider: string;
  model: string;
  calls: number;
  failed: number;
  aborted: number;
  cached: number;
  unpriced: number; // calls whose cost nobody knows
  cost: string;
}

export interface UsagePage {
  items: UsageRow[];
  next: string;
  from: string;
  to: string;
}
