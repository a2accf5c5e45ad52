// The shapes of alerts, by hand; tests/e2e/types.spec.ts holds them against the server's own.

export type AlertSeverity = 'page' | 'ticket' | 'info';
export type AlertStateName = 'pending' | 'firing' | 'resolved';

export interface Silence {
  kind: string;
  subject: string; // empty: all of the kind
  until: string;
  who: string;
  why: string;
  made_at: string;
}
export interface Alert {
  id: string;
  kind: string;
  subject: string; // which one of its kind; empty: there is one
  severity: AlertSeverity;
  state: AlertStateName;
  cause: string;
  figures: Record<string, number>;
  runbook: string;
  first_seen: string;
  last_seen: string;
  resolved_at: string; // empty: it is not
  count: number;
  story: { at: string; what: 'firing' | 'resolved'; who: string }[];
  silence: Silence | null;
}
export interface AlertPage {
  items: Alert[];
  next: string;
  firing: number;
  urgent: number; // of these, those somebody should look at now and has not silenced
}
export interface AlertEvidence {
  log?: { at: string; level: 'warn' | 'error'; text: string }[];
  traces?: string[]; // that failed, the newest first
  slow_traces?: { trace: string; name: string; took_us: number }[]; // the slowest first; not there: of an alert of an earlier version
  figure?: string;
  from?: string;
  step_ms?: number;
  points?: (number | null)[];
}
export interface AlertWithEvidence extends Alert {
  evidence: AlertEvidence | null;
}
export interface NewSilence {
  minutes: number;
  scope?: 'same' | 'kind';
  why?: string;
}
// What the stream of events tells: alerts that fired or were resolved at once.
export interface AlertNotice {
  id: string;
  at: string;
  headline: string;
  fired: { id: string; kind: string; severity: AlertSeverity; cause: string }[];
  resolved: { id: string; kind: string; severity: AlertSeverity; cause: string }[];
  more: number;
}
