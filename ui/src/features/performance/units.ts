// Figures as people read them: three digits that count, and the unit that fits.
import { formatBytes } from '$lib/i18n/format';
import { locale, onFirstUse } from '$lib/i18n/messages';
import { t } from './words';

export type Unit = 'seconds' | 'bytes' | 'bytesPerSecond' | 'perSecond' | 'count' | 'cores';

const digits = onFirstUse(() => new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 }));
const whole = onFirstUse(() => new Intl.NumberFormat(locale, { maximumFractionDigits: 0 }));
const percent = onFirstUse(() => new Intl.NumberFormat(locale, { style: 'percent', maximumSignificantDigits: 2 }));
const amount = (value: number): string => (Math.abs(value) >= 1000 ? whole() : digits()).format(value);

function formatSeconds(seconds: number): string {
  if (seconds === 0) return t('unit.s', { value: '0' });
  if (seconds < 0.9995e-3) return t('unit.us', { value: amount(seconds * 1e6) });
  if (seconds < 0.9995) return t('unit.ms', { value: amount(seconds * 1e3) });
  return seconds < 119.5 ? t('unit.s', { value: amount(seconds) }) : t('unit.min', { value: amount(seconds / 60) });
}

export function formatFigure(value: number, unit: Unit): string {
  switch (unit) {
    case 'seconds': return formatSeconds(value);
    case 'bytes': return formatBytes(value);
    case 'bytesPerSecond': return t('unit.perSecond', { value: formatBytes(value) });
    case 'perSecond': return t('unit.perSecond', { value: amount(value) });
    case 'count': return amount(value);
    case 'cores': return percent().format(value);
  }
  return unit satisfies never;
}

// "1 s", "5 min", "2 h": how far points are apart.
export function formatStep(ms: number): string {
  if (ms < 60_000) return t('unit.s', { value: amount(ms / 1000) });
  return ms < 3_600_000 ? t('unit.min', { value: amount(ms / 60_000) }) : t('unit.h', { value: amount(ms / 3_600_000) });
}

const clock = (seconds: boolean) => onFirstUse(() => new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', ...(seconds ? { second: '2-digit' } : {}), hourCycle: 'h23' }));
const [toMinutes, toSeconds] = [clock(false), clock(true)];
const day = onFirstUse(() => new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' }));

const toMillis = onFirstUse(() => new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3, hourCycle: 'h23' }));

// Of a line of the log, where the person is: as all other times of the page.
export const formatLogTime = (time: string): string => toMillis().format(new Date(time));

// Beneath a chart, where ticks are `incrMs` apart: a new day says which.
export function formatTick(ms: number, incrMs: number): string {
  const at = new Date(ms);
  const isMidnight = at.getHours() === 0 && at.getMinutes() === 0 && at.getSeconds() === 0;
  if (incrMs >= 86_400_000 || isMidnight) return day().format(at);
  return (incrMs < 60_000 ? toSeconds() : toMinutes()).format(at);
}

// Both ends of a stretch: the day once where it is one.
export function formatSpan(fromMs: number, toMs: number): { from: string; to: string } {
  const clockOf = toMs - fromMs < 3_600_000 ? toSeconds() : toMinutes();
  const [from, to] = [fromMs, toMs].map((ms) => ({ day: day().format(new Date(ms)), time: clockOf.format(new Date(ms)) })) as [{ day: string; time: string }, { day: string; time: string }];
  return { from: `${from.day}, ${from.time}`, to: from.day === to.day ? to.time : `${to.day}, ${to.time}` };
}

// Of one point: as fine as points are.
export function formatAt(ms: number, stepMs: number): string {
  const at = new Date(ms);
  const time = (stepMs < 60_000 ? toSeconds() : toMinutes()).format(at);
  return stepMs < 60_000 ? time : `${day().format(at)}, ${time}`;
}
