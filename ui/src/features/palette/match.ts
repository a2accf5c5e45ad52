// How well a label answers what was typed. Every typed word must be in it: as a word's beginning, inside one, or letter
// by letter in order.

const plain = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

function scoreOfWord(word: string, label: string): number {
  const at = label.indexOf(word);
  if (at === 0) return 8;
  if (at > 0) return /[\p{L}\p{N}]/u.test(label[at - 1]!) ? 3 : 6;
  let from = 0;
  for (const letter of word) {
    from = label.indexOf(letter, from) + 1;
    if (from === 0) return 0;
  }
  return word.length > 2 ? 1 : 0;
}

// 0 is no answer.
export function scoreOf(query: string, label: string): number {
  const words = plain(query).split(/\s+/).filter(Boolean);
  const target = plain(label);
  let total = 0;
  for (const word of words) {
    const score = scoreOfWord(word, target);
    if (score === 0) return 0;
    total += score;
  }
  return words.length === 0 ? 1 : total / words.length + 1 / (1 + target.length);
}

// The best first; equals in the order given.
export function best<T>(items: readonly T[], query: string, labelOf: (item: T) => string, most: number): T[] {
  return items
    .map((item, at) => ({ item, at, score: scoreOf(query, labelOf(item)) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.at - b.at)
    .slice(0, most)
    .map(({ item }) => item);
}
