// A list that grows. Its items stay as they were read, but for the last two, which are read again with what follows them: a list
// of a hundred items costs what one of three does. Only for showing it while it is open: what is closed is read in full.
import type { Tokens } from 'marked';
import { Piece, type InlineMemo } from './lexer';
import type { BlockToken } from './tokens';

const readAgain = 2;
const markOf = (list: Tokens.List): string | undefined => /^ *(?:\d+([.)])|([-*+]))/.exec(list.raw)?.slice(1).join('');

export class OpenList {
  readonly #list: Tokens.List;
  readonly #piece: Piece;
  readonly #inside: RegExp; // a line that cannot end the list
  #kept: Tokens.ListItem[] = [];
  #start = 0; // where in the text those that are not kept begin

  private constructor(list: Tokens.List, piece: Piece, text: string) {
    this.#list = list;
    this.#piece = piece;
    this.#inside = list.ordered ? /^(?:\s*$|\s\s|\t| ?\d{1,9}[.)] )/ : /^(?:\s*$|\s\s|\t| ?[-*+] )/;
    this.#keep(list.items, text);
  }

  // The list that `text` begins with, as `piece` has read it; null if it is too short to be worth it.
  static in(piece: Piece, text: string): OpenList | null {
    const [list] = piece.tokens;
    return list?.type === 'list' && list.items.length > readAgain ? new OpenList(list, piece, text) : null;
  }

  mayEndIn(lines: string): boolean {
    return !lines.split('\n').every((line) => this.#inside.test(line));
  }

  // The blocks of `text`, which begins with what was read before. Null where the list is another now, and all is to be read.
  read(text: string, memo: InlineMemo): BlockToken[] | null {
    const piece = new Piece(text.slice(this.#start), this.#piece.found);
    const [list, ...behind] = piece.readInline(memo, true);
    const isSame = list?.type === 'list' && list.loose === this.#list.loose && list.ordered === this.#list.ordered && markOf(list) === markOf(this.#list);
    if (!isSame || JSON.stringify(piece.found) !== JSON.stringify(this.#piece.found)) return null;
    const items = [...this.#kept, ...list.items];
    this.#keep(list.items, text);
    return [{ ...list, start: this.#list.start, items }, ...behind];
  }

  // Keeps those of `items` that lie far enough behind. One that has only begun may be a line of the one before it.
  #keep(items: readonly Tokens.ListItem[], text: string): void {
    const kept = items.slice(0, -readAgain);
    const last = items.slice(0, -1).reduce((length, item) => length + item.raw.length, this.#start);
    if (!text.includes('\n', last)) return;
    this.#kept.push(...kept);
    this.#start = kept.reduce((length, item) => length + item.raw.length, this.#start);
  }
}
