// How a span is shown: what it is in words and colour, and its times.
import type { Span } from '$lib/api/trace-types';
import { formatClock } from '$lib/i18n/format';
import { locale } from '$lib/i18n/messages';
import { formatFigure } from '../units';
import { t } from './words';

export type Tone = 'request' | 'work' | 'provider' | 'wait' | 'inside';
export const TONES: readonly Tone[] = ['request', 'work', 'provider', 'inside', 'wait'];
const WORK: ReadonlySet<string> = new Set(['run', 'step', 'call', 'worker']);

export function toneOf({ name, kind }: Pick<Span, 'name' | 'kind'>): Tone {
  const [first = ''] = name.split(/:? /, 1);
  if (first === 'wait') return 'wait';
  if (kind === 'server') return 'request';
  if (kind === 'client') return 'provider';
  return WORK.has(first) ? 'work' : 'inside';
}

// What tells spans of one name apart.
export const hintOf = ({ facts }: Pick<Span, 'facts'>): string => facts['atelier.node'] ?? facts['atelier.task'] ?? facts['gen_ai.request.model'] ?? facts['atelier.node_type'] ?? '';

export function faultWord(code: string): string {
  if (code === '') return '';
  if (/^\d{3}$/.test(code)) return t('fault.status', { code });
  return code.replaceAll('_', ' ');
}

export const formatUs = (us: number): string => formatFigure(us / 1e6, 'seconds');

// "0", "200 ms", "1.25 s", "2:30": in the unit of the axis' end, as fine as ticks are apart.
export function formatTick(us: number, stepUs: number, endUs: number): string {
  if (us === 0) return '0';
  if (endUs > 120e6 && stepUs >= 1e6) return formatClock(us / 1e3);
  const [unit, inUs] = endUs < 1e3 ? (['us', 1] as const) : endUs < 1e6 ? (['ms', 1e3] as const) : (['s', 1e6] as const);
  const decimals = Math.max(0, -Math.floor(Math.log10(stepUs / inUs) + 1e-9));
  const value = new Intl.NumberFormat(locale, { minimumFractionDigits: 0, maximumFractionDigits: Math.min(6, decimals) }).format(us / inUs);
  return t(`unit.${unit}`, { value });
}

const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumSignificantDigits: 2 });
export const formatShare = (part: number, whole: number): string => percent.format(whole > 0 ? part / whole : 0);

const exact = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
export const formatWhen = (time: string): string => exact.format(new Date(time));

// As a screen reader tells a row.
export function toldOf(span: Span): string {
  const told = t('row', { name: [span.name, hintOf(span)].filter(Boolean).join(' '), took: formatUs(span.took_us), began: formatUs(span.began_us) });
  return span.fault === '' ? told : t('row.failed', { told, fault: faultWord(span.fault) });
}
