// The shapes of traces, by hand; tests/e2e/types.spec.ts holds them against the server's own.

// What others asked of the studio: a request, or a run.
export interface TraceEntry {
  trace: string;
  span: string;
  name: string;
  began_at: string;
  took_us: number;
  fault: string; // a code; empty: it went well
  facts: Record<string, string>;
}
export interface TraceEntryPage {
  items: TraceEntry[];
  next: string;
}
export interface Span {
  span: string;
  parent: string; // empty, or of a span that is not ours: the first
  name: string;
  kind: 'internal' | 'server' | 'client';
  began_us: number; // after the trace began
  took_us: number;
  fault: string;
  facts: Record<string, string>;
}
export interface Trace {
  trace: string;
  began_at: string;
  spans: Span[];
}
