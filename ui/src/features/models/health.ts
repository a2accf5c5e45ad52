// How a model is doing, in words.
import type { ModelHealth } from '$lib/api/gateway-types';
import { formatClock, formatDuration } from '$lib/i18n/format';
import { locale } from '$lib/i18n/messages';
import { t } from './words';

export interface HealthWord {
  tone: 'ok' | 'warn' | 'bad' | 'quiet';
  word: string;
}

const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });

export const successOf = (health: ModelHealth | undefined): string =>
  health && health.attempts > 0 ? t('attempts', { rate: percent.format(health.success_rate), count: health.attempts }) : '';

// The slow ones are told once there are enough to tell them from the rest.
export function firstTokenOf(health: ModelHealth | undefined): string {
  if (!health || health.first_token_ms <= 0) return '';
  const typical = formatDuration(health.first_token_ms);
  return health.first_token_p95_ms > health.first_token_ms ? t('firstTokenValue', { typical, slow: formatDuration(health.first_token_p95_ms) }) : typical;
}

// Whole seconds: it is read again every few of them.
const restText = (ms: number): string => (ms < 60_000 ? t('inSeconds', { count: Math.max(1, Math.ceil(ms / 1000)) }) : formatClock(ms));

export function stateOf(health: ModelHealth): HealthWord {
  const time = restText(health.opens_in_ms);
  if (health.breaker === 'half_open') return { tone: 'warn', word: t('probing') };
  if (!health.is_available) return { tone: 'bad', word: t(health.is_account_fault ? 'restingAccount' : 'resting', { time }) };
  return health.attempts === 0 ? { tone: 'quiet', word: t('unused') } : { tone: 'ok', word: t('available') };
}
