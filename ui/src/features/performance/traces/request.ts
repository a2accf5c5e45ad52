// From the id of a request, which every answer has, to its trace. The id begins with the time at which the request came.
import type { Api } from '$lib/api/client';
import { traceCalls } from './entries.svelte';

const ULID = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/;
const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz'; // Crockford's
const TIME_DIGITS = 10;
const BEFORE_MS = 1_000; // a request's id is made a little after its span began
const AFTER_MS = 2_000;
const LOOKED_AT = 500; // in so short a time there are never more

// When the request came; null: this is no id of ours.
export function momentOf(id: string): number | null {
  if (!ULID.test(id)) return null;
  return [...id.slice(0, TIME_DIGITS)].reduce((ms, digit) => ms * DIGITS.length + DIGITS.indexOf(digit), 0);
}

// The trace that a text names or is the request of; empty: none is recorded.
export async function traceOf(api: Api, text: string, signal: AbortSignal): Promise<string> {
  if (/^[0-9a-f]{32}$/.test(text)) return (await traceCalls(api).trace(text, signal)).trace;
  const ms = momentOf(text);
  if (ms === null) return '';
  const at = (from: number): string => new Date(ms + from).toISOString();
  const page = await traceCalls(api).entries({ from: at(-BEFORE_MS), to: at(AFTER_MS), name: '', order: 'newest', outcome: 'any', limit: LOOKED_AT }, signal);
  return page.items.find(({ facts }) => facts.request_id === text)?.trace ?? '';
}
