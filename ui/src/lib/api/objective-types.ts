// The shapes of objectives and budgets, by hand; tests/e2e/types.spec.ts holds them against the server's own.

export interface Burn {
  window_seconds: number;
  event_count: number;
  bad_count: number;
  rate: number | null; // 1: the error budget is spent when its window is over
}
// Shares are from 0 to 1.
export interface Objective {
  name: string;
  title: string;
  target: number;
  required: number;
  window_seconds: number;
  event_count: number;
  bad_count: number;
  share: number | null;
  share_hour: number | null;
  budget_left: number; // 1 untouched, 0 spent, below overspent
  required_budget_left: number;
  burns: Burn[];
  burning: 'page' | 'ticket' | null;
  spent_in_seconds: number | null;
}
export type Verdict = 'no_data' | 'pass' | 'fail';
export interface Change {
  now: number;
  before: number;
}
export interface Budget {
  name: string;
  title: string;
  unit: 'seconds' | 'bytes' | 'number' | 'share';
  limit: number;
  required: number;
  value: number | null;
  verdict: Verdict;
  required_verdict: Verdict;
  points: (number | null)[];
  trend: Change | null;
  since_version: Change | null;
  is_regressed: boolean;
}
export interface DeployMark {
  at: string;
  version: string;
  build: string;
  is_new: boolean;
}
export interface ObjectiveReport {
  objectives: Objective[];
  budgets: Budget[];
  marks: DeployMark[];
}
