// Where some complete lines are closed: whatever follows, what is before is read as it is now.
import type { BlockToken } from './tokens';

// A formula or a definition that began above may still end below, and all between is its own.
const openMark = /^ {0,3}(?:\$\$|\\?\[)/m;

// Every such place, in characters of `lines`. Two things close a block: its own end (a heading, a rule, a fence), or a blank
// line with something behind it that is not the block's.
export function closings(tokens: readonly BlockToken[], lines: string): number[] {
  const last = tokens.findLastIndex((token) => token.type !== 'space');
  const closed: number[] = [];
  let length = 0;
  for (const [at, token] of tokens.entries()) {
    // Where the raw text is not the source, nothing behind can be cut.
    if (!lines.startsWith(token.raw, length)) return closed;
    const start = length;
    length += token.raw.length;
    const isBetween = token.type === 'space' && at > 0 && at < last;
    if (isBetween || (endsItself(token) && !openMark.test(lines.slice(closed.at(-1) ?? 0, start)))) closed.push(length);
  }
  return closed;
}

function endsItself(token: BlockToken): boolean {
  if (token.type === 'heading' || token.type === 'hr') return true;
  if (token.type !== 'code' || token.codeBlockStyle) return false;
  const mark = /^ {0,3}(`{3,}|~{3,})/.exec(token.raw)?.[1];
  const lastLine = token.raw.trimEnd().split('\n').slice(1).at(-1);
  return mark !== undefined && lastLine !== undefined && new RegExp(`^ {0,3}${mark[0]}{${mark.length},}$`).test(lastLine);
}
