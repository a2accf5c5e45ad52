// Keeps what was there before where it says the same, so that drawing touches only what changed.

type Fields = Record<string, unknown>;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

// `before` itself if all in it is the same, else `now` with every same part taken from `before`. Both are plain data.
export function keepSame<T>(before: unknown, now: T): T {
  if (Object.is(before, now) || !isFields(before) || !isFields(now) || Array.isArray(before) !== Array.isArray(now)) return now;
  const next: Fields = now;
  const names = Object.keys(next);
  let isSame = names.length === Object.keys(before).length;
  for (const name of names) {
    next[name] = keepSame(before[name], next[name]);
    isSame &&= Object.is(next[name], before[name]);
  }
  return isSame ? (before as T) : now;
}
