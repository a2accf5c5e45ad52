// A link may be named before it is defined: "[so][1]" here, "[1]: https://…" pages later.
import { InlineMemo, Piece, type Links } from './lexer';
import { levelHeadings, type Outline } from './outline';
import { isDrawn, type BlockToken } from './tokens';

// The block with the links that are in `added` now; itself, if it names none of them.
export function relink(token: BlockToken, outline: Outline, added: readonly string[], links: Links): BlockToken {
  if (!mayName(token, added)) return token;
  const tokens = new Piece(token.raw, links).readInline(new InlineMemo()).filter(isDrawn);
  if (tokens.length !== 1 || tokens[0]!.type !== token.type) return token;
  levelHeadings(tokens, outline);
  return tokens[0]!;
}

function mayName(token: BlockToken, added: readonly string[]): boolean {
  if (token.type === 'code' || token.type === 'html' || token.type === 'maths' || !token.raw.includes('[')) return false;
  // Marks at the beginning of lines may stand within a name there.
  if (token.type === 'list' || token.type === 'blockquote') return true;
  const plain = token.raw.replace(/\s+/g, ' ').replace(/\[ | \]/g, (mark) => mark.trim()).toLowerCase().toUpperCase().toLowerCase();
  return added.some((name) => plain.includes(`[${name}]`));
}
