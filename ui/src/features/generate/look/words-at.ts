// Which word is being said.
import type { HeardText, TimedWord } from '$lib/api/generation-types';

// The index of the last word that has begun; -1: none has.
export function wordAt(words: readonly TimedWord[], seconds: number): number {
  let low = 0;
  let high = words.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (words[middle]!.start <= seconds) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export interface Passage {
  start: number;
  first: number; // its first word's index
  words: readonly TimedWord[];
}
const WORDS_MAX = 40;

// The words in passages that each have a time to go to: where a sentence ends, or after so many.
export function passagesOf(text: HeardText): Passage[] {
  const words = text.words?.length ? text.words : (text.segments ?? []);
  const passages: Passage[] = [];
  let first = 0;
  words.forEach((word, at) => {
    const isEnd = /[.!?…。！？]["”’)]?$/.test(word.text.trim()) && at - first >= WORDS_MAX / 4;
    if (!isEnd && at - first + 1 < WORDS_MAX && at < words.length - 1) return;
    passages.push({ start: words[first]!.start, first, words: words.slice(first, at + 1) });
    first = at + 1;
  });
  return passages;
}
