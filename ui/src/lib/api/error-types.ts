// The shapes of errors and of what browsers measured, by hand; tests/e2e/types.spec.ts holds them against the server's own.

export interface ErrorGroup {
  id: string;
  severity: 'warning' | 'error' | 'fatal';
  origin: 'server' | 'page' | 'crash';
  message: string;
  code: string;
  place: string;
  route: string;
  first_seen: string;
  last_seen: string;
  count: number;
  resolved_at: string | null;
  returned: number;
  first_version: string;
  last_version: string;
}
export interface ErrorPage {
  items: ErrorGroup[];
  next: string;
}
export interface Breadcrumb {
  at: string;
  level: string;
  message: string;
  fields: Record<string, string>;
}
export interface ErrorOccurrence {
  id: string;
  at: string;
  method: string;
  request_id: string;
  trace: string;
  version: string;
  build_id: string;
  fields: Record<string, string>;
  stack: string[];
  breadcrumbs: Breadcrumb[];
}
export type ErrorDetail = ErrorGroup & { occurrences: ErrorOccurrence[] };

export interface PageFigureRow {
  metric: 'LCP' | 'INP' | 'CLS' | 'FCP' | 'TTFB';
  page: string;
  device: string;
  count: number;
  p75: number;
  good: number;
  poor: number;
  element: string;
}
export interface PageFigurePage {
  items: PageFigureRow[];
  next: string;
}
