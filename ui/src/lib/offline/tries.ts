// When a write is tried again, and when it is not.
import { isUnheard, type Problem } from '../api/problem';

const WAIT_FIRST_MS = 1000;
const WAIT_MAX_MS = 30_000;
const JITTER = 0.3;
// An answer is being made: it is no more than too early.
export const BUSY = 'thread_busy';

// again: nobody knows whether it arrived, or the server could not; it is sent again under its key. pause: there is no session;
// one must begin first. refused: sending the same again would be refused again.
export type Fate = 'again' | 'pause' | 'refused';

export function fateOf(problem: Problem): Fate {
  if (problem.status === 401) return 'pause';
  return isUnheard(problem) || problem.code === BUSY ? 'again' : 'refused';
}

// `random` is from 0 to 1. A server that says when to come back is believed, within reason.
export function waitBefore(failures: number, random: number, retryAfterS: number | null): number {
  const plain = Math.min(WAIT_MAX_MS, WAIT_FIRST_MS * 2 ** Math.max(0, Math.min(failures - 1, 16)));
  const wait = plain * (1 - JITTER / 2 + JITTER * random);
  return Math.round(Math.min(2 * WAIT_MAX_MS, Math.max(wait, (retryAfterS ?? 0) * 1000)));
}
