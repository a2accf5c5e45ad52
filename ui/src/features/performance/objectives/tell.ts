// Objectives and budgets in words.
import type { Budget, Burn, Change, Objective } from '$lib/api/objective-types';
import { locale, onFirstUse } from '$lib/i18n/messages';
import { formatFigure } from '../units';
import { t } from './words';

const percents = onFirstUse(() => new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 3 }));
const wholePercents = onFirstUse(() => new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 }));
const factors = onFirstUse(() => new Intl.NumberFormat(locale, { maximumSignificantDigits: 2 }));
const plain = onFirstUse(() => new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 }));

// Never better than it is: what is not all is not told as all.
export const formatShare = (share: number | null): string => (share === null ? t('none') : percents().format(share < 1 ? Math.floor(share * 100_000) / 100_000 : 1));
export const formatPercent = (share: number): string => wholePercents().format(share);
export const formatRate = (rate: number | null): string => (rate === null ? t('none') : t('burn.times', { rate: rate >= 100 ? Math.round(rate) : factors().format(rate) }));

export const burnOver = ({ burns }: Objective, seconds: number): Burn | undefined => burns.find(({ window_seconds }) => window_seconds === seconds);
export const HOUR = 3_600;

export type ObjectiveTone = 'kept' | 'page' | 'ticket' | 'spent' | 'none';
export function toneOf({ burning, budget_left, event_count }: Objective): ObjectiveTone {
  if (event_count === 0) return 'none';
  if (budget_left <= 0) return 'spent';
  return burning ?? 'kept';
}

// In two of its units at most, the smaller one only of few: "12 d", "3 h", "20 min".
export function formatLength(seconds: number): string {
  if (seconds >= 2 * 86_400) return t('time.days', { count: Math.floor(seconds / 86_400) });
  if (seconds >= 2 * HOUR) return t('time.hours', { count: Math.floor(seconds / HOUR) });
  return t('time.minutes', { count: Math.max(1, Math.floor(seconds / 60)) });
}

// What is forgotten sooner than it is spent is not spent.
export function formatSpent({ spent_in_seconds: seconds, window_seconds, event_count }: Objective): string {
  if (event_count === 0) return t('none');
  if (seconds === 0) return t('spent.is');
  return seconds === null || seconds > window_seconds ? t('spent.not') : t('spent.in', { time: formatLength(seconds) });
}

export type BudgetTone = 'pass' | 'over' | 'fail' | 'no_data';
export const budgetTone = ({ verdict, required_verdict }: Budget): BudgetTone => (verdict === 'fail' && required_verdict !== 'fail' ? 'over' : verdict);

export function formatValue(value: number, unit: Budget['unit']): string {
  if (unit === 'share') return percents().format(value);
  return unit === 'number' ? plain().format(value) : formatFigure(value, unit);
}

export type Direction = 'up' | 'down' | 'same';
export function directionOf({ now, before }: Change): Direction {
  if (before <= 0 || Math.abs(now / before - 1) < 0.03) return 'same';
  return now > before ? 'up' : 'down';
}
export function formatTrend(change: Change | null): string {
  if (!change) return t('trend.none');
  const direction = directionOf(change);
  return direction === 'same' ? t('trend.same') : t(`trend.${direction}`, { percent: formatPercent(Math.abs(change.now / change.before - 1)) });
}
export const worseBy = ({ now, before }: Change): string => formatPercent(before > 0 ? now / before - 1 : 0);
