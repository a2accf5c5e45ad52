// A call told in words.
import type { Call, CallAttempt } from '$lib/api/gateway-types';
import { t } from './words';

export interface Outcome {
  tone: 'ok' | 'warn' | 'bad';
  word: string;
}
const faces: Record<string, string> = {
  openai_chat: t('face.openai_chat'),
  openai_responses: t('face.openai_responses'),
  anthropic: t('face.anthropic'),
};
const faults: Record<string, string> = {
  request_refused: t('fault.request_refused'),
  field_invalid: t('fault.field_invalid'),
  not_supported_by_provider: t('fault.not_supported_by_provider'),
  not_supported_by_protocol: t('fault.not_supported_by_protocol'),
  context_length_exceeded: t('fault.context_length_exceeded'),
  content_refused: t('fault.content_refused'),
  provider_key_refused: t('fault.provider_key_refused'),
  provider_billing: t('fault.provider_billing'),
  provider_permission: t('fault.provider_permission'),
  model_not_found: t('fault.model_not_found'),
  provider_rate_limit: t('fault.provider_rate_limit'),
  provider_overloaded: t('fault.provider_overloaded'),
  provider_error: t('fault.provider_error'),
  provider_timeout: t('fault.provider_timeout'),
  provider_answer_broken: t('fault.provider_answer_broken'),
  provider_unreachable: t('fault.provider_unreachable'),
  cancelled: t('fault.cancelled'),
  model_not_allowed: t('fault.model_not_allowed'),
  requests_per_minute: t('fault.requests_per_minute'),
  tokens_per_minute: t('fault.tokens_per_minute'),
  tokens_over_limit: t('fault.tokens_over_limit'),
  concurrency: t('fault.concurrency'),
  allowance_day: t('fault.allowance_day'),
  allowance_month: t('fault.allowance_month'),
  allowance_unavailable: t('fault.allowance_unavailable'),
  price_unknown: t('fault.price_unknown'),
};
// What this page does not know yet is told as it is spelled.
const spelled = (code: string): string => {
  const words = code.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
};
export const faultWord = (fault: string): string => faults[fault] ?? spelled(fault);
export const faceWord = (face: string): string => faces[face] ?? spelled(face);

// How a call ended, in the words of the filter.
export function outcomeOf(call: Call): Outcome {
  if (call.is_aborted) return { tone: 'warn', word: t('aborted') };
  if (call.fault !== '' || call.status >= 400) return { tone: 'bad', word: call.fault === '' ? t('failed') : faultWord(call.fault) };
  return { tone: 'ok', word: t(call.is_cached ? 'cached' : 'good') };
}
// How one attempt of it ended. The one that was being answered when the caller left has no fault of its own.
export function attemptOutcome(call: Call, attempt: CallAttempt): Outcome {
  if (attempt.fault === 'hedge_lost') return { tone: 'warn', word: t('attempt.outrun') };
  if (attempt.fault !== '') return { tone: 'bad', word: [faultWord(attempt.fault), attempt.status || ''].join(' ').trim() };
  return call.is_aborted && attempt === call.attempts.at(-1) ? { tone: 'warn', word: t('aborted') } : { tone: 'ok', word: t('attempt.good') };
}
export const modelOf = (call: Call): string => [call.provider, call.model].filter(Boolean).join('/');
export const keyNameOf = (key: string | null, names: ReadonlyMap<string, string>): string => (key === null ? t('withoutKey') : (names.get(key) ?? t('keyGone', { id: key })));

// What was said, laid out where it is JSON.
export function readable(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
