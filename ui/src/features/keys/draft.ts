// What stands in a key's form, and what of it is sent. Plain, so that it is tested without a browser.
import type { AccessKey, KeySettings } from '$lib/api/gateway-types';
import { readMoney } from '$lib/gateway/money';

export interface KeyDraft {
  name: string;
  models: string;
  routes: string;
  requests: string;
  tokens: string;
  parallel: string;
  day: string;
  month: string;
  expires: string; // as the browser's field has it: local, without a zone
}
export type Wrong = Partial<Record<keyof KeyDraft, true>>;

const listOf = (text: string): string[] => text.split(/[,\n]/).map((one) => one.trim()).filter(Boolean);
const limitText = (limit: number | undefined): string => (limit ? String(limit) : '');
const two = (value: number): string => String(value).padStart(2, '0');

// "2027-01-31T00:00:00Z" as the browser's field has it, in local time.
export function localTime(time: string | null): string {
  if (time === null) return '';
  const at = new Date(time);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

export function draftOf(known: AccessKey | null): KeyDraft {
  return {
    name: known?.name ?? '',
    models: known?.models.join(', ') ?? '',
    routes: known?.routes.join(', ') ?? '',
    requests: limitText(known?.requests_per_minute),
    tokens: limitText(known?.tokens_per_minute),
    parallel: limitText(known?.concurrent_max),
    day: known?.day_allowance ?? '',
    month: known?.month_allowance ?? '',
    expires: localTime(known?.expires_at ?? null),
  };
}

// Nothing typed is no limit; null for what is no count.
function countOf(text: string): number | null {
  const typed = text.trim();
  if (typed === '') return 0;
  return /^\d{1,12}$/.test(typed) ? Number(typed) : null;
}

// What would be sent, and which fields cannot be.
export function settingsOf(draft: KeyDraft, known: AccessKey | null): { settings: KeySettings; wrong: Wrong } {
  const wrong: Wrong = {};
  const count = (field: 'requests' | 'tokens' | 'parallel'): number => {
    const value = countOf(draft[field]);
    if (value === null) wrong[field] = true;
    return value ?? 0;
  };
  const money = (field: 'day' | 'month'): string | null => {
    const value = readMoney(draft[field]);
    if (value === null) wrong[field] = true;
    return value === '' ? null : value;
  };
  const expires = (): string | null => {
    if (draft.expires === '') return null;
    // The field has no seconds: a time nobody changed is sent back as it was.
    if (known?.expires_at && draft.expires === localTime(known.expires_at)) return known.expires_at;
    const at = new Date(draft.expires);
    if (!Number.isNaN(at.getTime())) return at.toISOString().replace('.000Z', 'Z');
    wrong.expires = true;
    return null;
  };
  const settings: KeySettings = {
    name: draft.name.trim(),
    models: listOf(draft.models),
    routes: listOf(draft.routes),
    requests_per_minute: count('requests'),
    tokens_per_minute: count('tokens'),
    concurrent_max: count('parallel'),
    day_allowance: money('day'),
    month_allowance: money('month'),
    expires_at: expires(),
  };
  if (settings.name === '') wrong.name = true;
  return { settings, wrong };
}
