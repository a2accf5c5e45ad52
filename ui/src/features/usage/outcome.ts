import type { Call } from '$lib/api/gateway-types';
import { t } from './words';

// How a call ended, in the words of the filter.
export function outcomeOf(call: Call): { tone: 'ok' | 'warn' | 'bad'; word: string } {
  if (call.is_aborted) return { tone: 'warn', word: t('aborted') };
  if (call.fault !== '' || call.status >= 400) return { tone: 'bad', word: call.fault || t('failed') };
  return { tone: 'ok', word: t(call.is_cached ? 'cached' : 'good') };
}
export const modelOf = (call: Call): string => [call.provider, call.model].filter(Boolean).join('/');
export const keyNameOf = (key: string | null, names: ReadonlyMap<string, string>): string => (key === null ? t('withoutKey') : (names.get(key) ?? t('keyGone', { id: key })));
