// The order of what was made, where several kinds are read apart. Ids begin with their time: the greater is the newer.
import type { Generation } from '$lib/api/generation-types';

export const newestFirst = (items: readonly Generation[]): readonly Generation[] => [...items].sort((a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0));

// Lists have the beginning alone of what was heard: where all of it is known, it stays.
export function withKnownText(known: Generation | undefined, told: Generation): Generation {
  return told.text?.is_excerpt && known?.text && !known.text.is_excerpt ? { ...told, text: known.text } : told;
}

// One told of late never goes back: what has ended stays ended, but where nobody knows what became of it.
export function mergeMade(known: readonly Generation[], told: readonly Generation[]): Generation[] {
  const byId = new Map(known.map((item) => [item.id, item]));
  for (const item of told) {
    const before = byId.get(item.id);
    if (before?.ended_at && !item.ended_at) continue;
    byId.set(item.id, withKnownText(before, item));
  }
  return [...byId.values()];
}

// As far back as every kind was read: `next` is the last id read of each that has more.
export function shownOf(items: readonly Generation[], next: Readonly<Record<string, string>>): readonly Generation[] {
  const from = Object.values(next).reduce((most, one) => (one > most ? one : most), '');
  return from === '' ? items : items.filter(({ id }) => id >= from);
}
