// A model's state in a word, and the times it is told in.
import type { ModelHealth } from '$lib/api/gateway-types';
import { formatNumber, formatSeconds } from '$lib/i18n/format';
import { t } from './words';

export interface HealthWord {
  tone: 'ok' | 'warn' | 'bad' | 'quiet';
  word: string;
}

// Below a second in milliseconds.
export const msText = (ms: number): string => (ms < 1000 ? `${formatNumber(ms)} ms` : formatSeconds(ms));

export function stateOf(health: ModelHealth): HealthWord {
  const time = formatSeconds(health.opens_in_ms);
  if (health.breaker === 'half_open') return { tone: 'warn', word: t('probing') };
  if (!health.is_available) return { tone: 'bad', word: t(health.is_account_fault ? 'restingAccount' : 'resting', { time }) };
  return health.attempts === 0 ? { tone: 'quiet', word: t('unused') } : { tone: 'ok', word: t('available') };
}
