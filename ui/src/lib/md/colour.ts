// Colours code. Loaded on idle, when the first block of a known language has closed.
import highlighter from 'highlight.js/lib/core';
import { languageOf, loadLanguage } from './languages';

// Half a millisecond for a thousand characters: more of them would hold up a frame.
export const colouredMost = 20_000;

// HTML of <span class="hljs-…"> and text only; null where the code stays as it is.
export async function colour(text: string, word: string): Promise<string | null> {
  const language = languageOf(word);
  if (!language || text.length > colouredMost) return null;
  const missing = language.needs.filter((name) => !highlighter.getLanguage(name));
  const loaded = await Promise.all(missing.map(loadLanguage));
  missing.forEach((name, at) => highlighter.registerLanguage(name, loaded[at]!));
  return highlighter.highlight(text, { language: language.name, ignoreIllegals: true }).value;
}
