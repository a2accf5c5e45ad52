// Of /api/performance/metrics what the page shows, by hand; tests/e2e/types.spec.ts holds it against the server's own.

export interface ProviderUsage {
  calls: number;
  failed: number;
  aborted: number;
  cached: number;
  unpriced: number;
  cost: string;
  cost_per_answer: string | null; // dollars; null: of none is the cost known
}
export interface ProviderFigures {
  provider: string;
  model: string;
  is_local: boolean;
  attempts: number;
  failures: number;
  success_rate: number;
  first_token_p50_ms: number; // 0: none
  first_token_p95_ms: number;
  whole_p50_ms: number;
  whole_p95_ms: number;
  in_flight: number;
  breaker: 'closed' | 'open' | 'half_open';
  usage: ProviderUsage | null;
}
export interface Overview {
  usage_days: number;
  caches: {
    answers: { hits: number; misses: number; hit_rate: number | null; joined: number; entries: number; size_bytes: number; saved: string };
    prompts: { cached_tokens: number; fresh_tokens: number; hit_rate: number | null; saved: string; is_saved_known: boolean } | null;
    results: { hits: number; misses: number; hit_rate: number | null; shared: number; size_bytes: number };
  };
  providers: ProviderFigures[];
}
