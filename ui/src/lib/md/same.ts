// Keeps the tokens that were there before where they say the same, so that drawing touches only what changed.
import type { Tokens } from 'marked';
import type { Token } from './tokens';

type Cells = Tokens.TableCell[];
interface Inside {
  tokens?: Token[];
  items?: Token[];
  header?: Cells;
  rows?: Cells[];
  loose?: boolean;
}

// Both are read with the same link definitions and the same headings before them.
export function keepSame<T extends Token>(before: Token | undefined, now: T): T {
  if (before?.type !== now.type) return now;
  const [old, next] = [before as Inside, now as Inside];
  if (before.raw === now.raw && old.loose === next.loose) return before as T;
  if (next.tokens && old.tokens) next.tokens = next.tokens.map((token, at) => keepSame(old.tokens![at], token));
  if (next.items && old.items) next.items = next.items.map((item, at) => keepSame(old.items![at], item));
  if (next.header && old.header) next.header = keepRow(old.header, next.header);
  if (next.rows && old.rows) next.rows = next.rows.map((row, at) => keepRow(old.rows![at], row));
  return now;
}

function keepRow(before: Cells | undefined, now: Cells): Cells {
  const isSame = before?.length === now.length && now.every((cell, at) => cell.text === before[at]!.text && cell.align === before[at]!.align);
  return isSame ? before : now;
}
