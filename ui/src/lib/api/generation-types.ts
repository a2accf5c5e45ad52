// The shapes of what is made, by hand; tests/e2e/types.spec.ts holds them against the server's own.
import type { ModelRates } from './gateway-types';
import type { ErrorBody } from './types';

export type MediaKind = 'image' | 'upscale' | 'speech' | 'sound' | 'music' | 'transcription' | 'video';
export type InputRole = 'reference' | 'mask' | 'first_frame' | 'last_frame' | 'recording';

// What a model can be asked for; what is not there it does not take.
export interface Ability {
  prompt_bytes_max: number;
  needs_prompt: boolean;
  count_max: number;
  partials_max?: number; // how often a picture is shown before it is done
  negative?: boolean;
  seed?: boolean;
  strength?: boolean;
  speed?: boolean;
  language?: boolean;
  mask?: boolean;
  first_frame?: boolean;
  last_frame?: boolean;
  needs_first_frame?: boolean;
  voice?: boolean;
  needs_voice?: boolean;
  voices_are_all?: boolean;
  any_ratio?: boolean;
  options?: boolean;
  sizes?: string[]; // "1024x1024"
  ratios?: string[]; // "16:9"
  voices?: string[];
  formats?: string[];
  qualities?: string[];
  sides?: { min: number; max: number; step: number };
  references?: { min: number; max: number };
  durations?: number[]; // seconds
  duration?: { min: number; max: number };
}

export interface MediaModel {
  id: string;
  kind: 'model' | 'route'; // a route is told by its first candidate that can
  rates: ModelRates;
  provider: string;
  title: string;
  is_local: boolean; // it costs nothing
  is_here: boolean; // on this machine, by itself
  ability: Ability;
  health: 'closed' | 'open' | 'half_open';
  seconds?: number; // it took lately; 0: not known
}

export interface GenerationRequest {
  kind: MediaKind;
  prompt?: string;
  negative?: string;
  width?: number;
  height?: number;
  ratio?: string;
  count?: number;
  seed?: number;
  strength?: number;
  duration?: number;
  voice?: string;
  speed?: number;
  format?: string;
  quality?: string;
  language?: string;
  partials?: number; // how often it is shown before it is done
  options?: Record<string, unknown>;
}
export interface GenerationInput {
  role: InputRole;
  asset: string;
}
export interface NewGeneration extends GenerationRequest {
  model: string;
  inputs?: GenerationInput[];
}

export interface GenerationResult {
  asset?: string;
  digest: string;
  media_type: string;
  kind?: string;
  size_bytes: number;
  width?: number;
  height?: number;
  duration_ms?: number;
}
export interface TimedWord {
  text: string;
  start: number; // seconds
  end: number;
}
export interface HeardText {
  text?: string;
  is_excerpt?: boolean; // of a list: its beginning alone, without words
  language?: string;
  words?: TimedWord[];
  segments?: TimedWord[];
}
export type GenerationState = 'running' | 'succeeded' | 'failed' | 'cancelled' | 'unknown';

export interface Generation {
  id: string; // of its run
  kind: MediaKind;
  model: string;
  state: GenerationState;
  title: string;
  request: GenerationRequest & { inputs?: { role: InputRole }[] };
  inputs: string[]; // assets, in the order of the request's inputs
  progress?: { done: number; total: number };
  partial?: number; // of the newest picture that can be seen before it is done
  results: GenerationResult[];
  text?: HeardText;
  candidate?: string;
  seed?: number;
  revised_prompt?: string;
  estimate_picodollars: number | null;
  cost_picodollars?: number;
  job?: { provider: string; candidate: string; id?: string; state: string; words?: string };
  choices?: ('retry' | 'give_up')[];
  error: ErrorBody | null;
  trace?: string; // of its run
  created_at: string;
  ended_at: string | null;
}

export interface GenerationEstimate {
  candidates: { candidate: string; cost_picodollars: number | null }[];
}

export interface Voice {
  id: string;
  name: string;
  language: string; // BCP 47, or a name; this and what follows may be ''
  gender: string;
  style: string;
  sample: 'kept' | 'provided' | 'makeable'; // it is here, the provider has one, or the model would have to be asked
}

export interface VoiceList {
  items: Voice[];
  next: string;
  model: string; // whose they are
  sample_cost_picodollars: number | null; // of making one, at most; null where no price is known
  problem: string; // why the provider told none; these are those that are known of it then
}
