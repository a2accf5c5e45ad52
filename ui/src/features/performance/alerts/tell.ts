// Figures of an alert in words: their names end in their unit.
import type { Alert, AlertSeverity } from '$lib/api/alert-types';
import { formatBytes, formatNumber, formatTenth } from '$lib/i18n/format';

const UNITS = /_(seconds|bytes|bytes_per_hour|share)$/;

// "limit_seconds" is "limit".
export const nameOf = (figure: string): string => figure.replace(UNITS, '').replaceAll('_', ' ');

const short = (value: number): string => (Number.isInteger(value) ? formatNumber(value) : formatTenth(value));

export function figureIn(figure: string, value: number): string {
  const unit = UNITS.exec(figure)?.[1] ?? '';
  if (unit === 'bytes') return formatBytes(value);
  if (unit === 'bytes_per_hour') return `${formatBytes(value)}/h`;
  if (unit === 'share') return `${short(Math.round(value * 1000) / 10)} %`;
  if (unit === 'seconds') return Math.abs(value) < 1 ? `${formatNumber(Math.round(value * 1000))} ms` : `${short(value)} s`;
  return short(value);
}

export const limitOf = (figures: Readonly<Record<string, number>>): number => Object.entries(figures).find(([name]) => name.startsWith('limit'))?.[1] ?? 0;

// What somebody has to look at now stands first; among equals, as they came.
const URGENCY: readonly AlertSeverity[] = ['page', 'ticket', 'info'];
export const urgentFirst = (alerts: readonly Alert[]): readonly Alert[] => [...alerts].sort((a, b) => URGENCY.indexOf(a.severity) - URGENCY.indexOf(b.severity));
