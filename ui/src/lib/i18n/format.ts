// Numbers, times and sizes for people, through Intl.
import { locale, onFirstUse, t } from './messages';

const whole = onFirstUse(() => new Intl.NumberFormat(locale, { maximumFractionDigits: 0 }));
const tenth = onFirstUse(() => new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 }));
const relative = onFirstUse(() => new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' }));
const moment = onFirstUse(() => new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }));
const day = onFirstUse(() => new Intl.DateTimeFormat(locale, { dateStyle: 'full' }));
const date = onFirstUse(() => new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' }));

export const formatNumber = (value: number): string => whole().format(value);
export const formatTenth = (value: number): string => tenth().format(value);
export const formatMoment = (time: string): string => moment().format(new Date(time));
export const formatDay = (time: string): string => day().format(new Date(time));
// Of a calendar's day, "2026-11-21", which is the same day everywhere.
export const formatDate = (text: string): string => (Number.isNaN(Date.parse(text)) ? text : date().format(new Date(text)));

export function formatBytes(bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  const power = Math.min(units.length - 1, bytes >= 1 ? Math.floor(Math.log10(bytes) / 3) : 0);
  return new Intl.NumberFormat(locale, { style: 'unit', unit: units[power]!, unitDisplay: power === 0 ? 'long' : 'short', maximumFractionDigits: power < 2 ? 0 : 1 })
    .format(bytes / 1000 ** power);
}

// "<1 ms", "12 ms", "4.2 s", "1:24"
export function formatDuration(ms: number): string {
  if (ms < 1) return t('time.underMs');
  return ms < 999.5 ? t('time.ms', { count: Math.round(ms) }) : formatSeconds(ms);
}

// "4.2 s", "1:24"
export function formatSeconds(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 60) return t('time.seconds', { seconds: tenth().format(seconds) });
  return formatClock(ms);
}

// "0:07", "1:24", "1:02:03"
export function formatClock(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor(total / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(total % 60)}` : `${minutes}:${two(total % 60)}`;
}

// "0:07.12": the frame within the second
export function formatTimecode(ms: number, fps: number): string {
  const frame = Math.floor(((ms % 1000) / 1000) * fps + 1e-6);
  return `${formatClock(ms)}.${String(frame).padStart(2, '0')}`;
}

// Time left, in words that do not jitter: to five seconds above twenty.
export function formatLeft(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  if (seconds < 60) return t('time.left', { time: t('time.about', { count: seconds > 20 ? Math.ceil(seconds / 5) * 5 : seconds }) });
  return t('time.left', { time: t('time.minutes', { count: Math.round(seconds / 60) }) });
}

export function formatAgo(time: string, now: number): string {
  const seconds = Math.round((Date.parse(time) - now) / 1000);
  if (seconds > -45) return t('time.now');
  if (seconds > -3600) return relative().format(Math.round(seconds / 60), 'minute');
  if (seconds > -86_400) return relative().format(Math.round(seconds / 3600), 'hour');
  if (seconds > -7 * 86_400) return relative().format(Math.round(seconds / 86_400), 'day');
  return moment().format(new Date(time));
}
