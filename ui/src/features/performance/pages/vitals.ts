// What browsers measured, as a table: a row for each page and kind of device.
import type { PageFigureRow } from '$lib/api/error-types';

export const METRICS = ['LCP', 'INP', 'CLS', 'FCP', 'TTFB'] as const;
export type Metric = (typeof METRICS)[number];
export const WINDOWS = ['24h', '7d', '28d'] as const;
export type WindowId = (typeof WINDOWS)[number];
export type Mark = 'good' | 'middling' | 'poor';

export interface VitalsRow {
  key: string;
  page: string;
  device: string;
  views: number;
  cells: Partial<Record<Metric, PageFigureRow>>;
}

export const markOf = ({ p75, good, poor }: Pick<PageFigureRow, 'p75' | 'good' | 'poor'>): Mark => (p75 <= good ? 'good' : p75 <= poor ? 'middling' : 'poor');

// Those that are seen most come first.
export function rowsOf(items: readonly PageFigureRow[]): VitalsRow[] {
  const rows = new Map<string, VitalsRow>();
  for (const item of items) {
    const key = `${item.page} ${item.device}`;
    const row = rows.get(key) ?? { key, page: item.page, device: item.device, views: 0, cells: {} };
    row.cells[item.metric] = item;
    row.views = Math.max(row.views, item.count);
    rows.set(key, row);
  }
  return [...rows.values()].sort((a, b) => b.views - a.views || a.key.localeCompare(b.key));
}
