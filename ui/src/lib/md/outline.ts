// The element of each heading: the thread has h1 and h2, so the first is h3, and none is more than one below the last.
import type { BlockToken } from './tokens';

// The depths that are open at a place of the text, outermost first. Never changed, always replaced.
export type Outline = readonly number[];

// Gives every heading in `tokens` its level, and the outline behind the last.
export function levelHeadings(tokens: readonly BlockToken[], before: Outline): Outline {
  let open = before;
  for (const token of tokens) {
    if (token.type === 'heading') {
      open = [...open.filter((depth) => depth < token.depth), token.depth];
      (token as { level: number }).level = Math.min(6, open.length + 2);
    } else if (token.type === 'blockquote') {
      open = levelHeadings(token.tokens as BlockToken[], open);
    } else if (token.type === 'list') {
      for (const item of token.items) open = levelHeadings(item.tokens as BlockToken[], open);
    }
  }
  return open;
}
