// A text that grows, as blocks. What is closed keeps its key and its tokens and is not read again; only what is behind it is.
import { closings } from './closed';
import { InlineMemo, Piece, type Links } from './lexer';
import { OpenFence } from './open-fence';
import { OpenList } from './open-list';
import { levelHeadings, type Outline } from './outline';
import { relink } from './relink';
import { keepSame } from './same';
import { isDrawn, type BlockToken } from './tokens';

export interface Block {
  readonly key: number; // its place among the blocks
  readonly token: BlockToken;
  readonly isClosed: boolean; // nothing that comes changes it, but the address of a link it names
  readonly outline: Outline; // the headings open before it
}
// Blocks that are drawn together, so that a frame does not compare a thousand of them.
export interface Group {
  readonly key: number;
  readonly blocks: readonly Block[];
}

const groupSize = 32;

export class MarkdownDocument {
  readonly #longest: number;
  #groups: readonly Group[] = [];
  #text = '';
  #isOpen = true;
  #hasReturn = false; // a carriage return whose line feed may be next
  #tail = ''; // the text behind the last closed block, with line feeds only
  #linesSeen = 0; // how much of the tail was searched for closed blocks
  #fence: OpenFence | null = null; // the tail is code that has no end yet
  #list: OpenList | null = null; // the tail begins with a list
  #closed: readonly Group[] = [];
  #closedCount = 0;
  #open: readonly Block[] = [];
  #memoLinks = ''; // the definitions that what is remembered was read with
  #links: Links = Object.create(null) as Links;
  #outline: Outline = [];
  #memo = new InlineMemo();

  // `longest` is what a block may have in characters before it is cut, where it can be.
  constructor(longest = 8000) {
    this.#longest = longest;
  }

  // The blocks of `text`. It is read afresh unless it begins with what was read before.
  read(text: string, isOpen: boolean): readonly Group[] {
    if (text === this.#text && isOpen === this.#isOpen) return this.#groups;
    if (!this.#continues(text, isOpen)) this.#clear();
    this.#append(text.slice(this.#text.length), isOpen);
    this.#text = text;
    this.#isOpen = isOpen;
    this.#closeLines();
    this.#readTail();
    return this.#groups;
  }

  // An open text only grows, so its ends tell. At its close all of it is compared, once.
  #continues(text: string, isOpen: boolean): boolean {
    const before = this.#text;
    if (!isOpen) return text.startsWith(before);
    const from = Math.max(0, before.length - 64);
    return text.length >= before.length && text.startsWith(before.slice(from), from) && text.startsWith(before.slice(0, 64));
  }

  #clear(): void {
    this.#text = this.#tail = this.#memoLinks = '';
    this.#hasReturn = false;
    this.#linesSeen = this.#closedCount = 0;
    this.#fence = this.#list = null;
    this.#closed = [];
    this.#open = [];
    this.#links = Object.create(null) as Links;
    this.#outline = [];
    this.#memo.clear();
  }

  #append(more: string, isOpen: boolean): void {
    let added = this.#hasReturn ? '\r' + more : more;
    this.#hasReturn = isOpen && added.endsWith('\r');
    if (this.#hasReturn) added = added.slice(0, -1);
    this.#tail += added.includes('\r') ? added.replace(/\r\n?/g, '\n') : added;
  }

  // Freezes what the complete lines of the tail have closed. A long text is read in windows, of which each is frozen before the
  // next, and a block that is longer than one is cut, so that the time goes with the length.
  #closeLines(): void {
    let window = this.#longest;
    while (true) {
      this.#dropBlankLines();
      const all = this.#endOfLines();
      const fenceEnd = this.#fence?.endIn(this.#tail, all);
      const end = fenceEnd || (this.#fence ? all : lineEnd(this.#tail, Math.max(window, this.#linesSeen + 1)) || all);
      if (end <= this.#linesSeen) return;
      const isFull = lineEnd(this.#tail, this.#longest) === end;
      const mayClose = this.#fence ? fenceEnd !== 0 : isFull || (this.#list?.mayEndIn(this.#tail.slice(this.#linesSeen, end)) ?? true);
      this.#linesSeen = end;
      const length = mayClose ? this.#closedIn(this.#tail.slice(0, end), isFull) : 0;
      if (length > 0) this.#freeze(length);
      if (mayClose) this.#findFence();
      window = length > 0 ? this.#longest : window * 2;
    }
  }

  // Behind a block that is longer than a window only the first is frozen: the next has a window of its own.
  #closedIn(lines: string, isFull: boolean): number {
    const { tokens } = new Piece(lines, this.#links);
    const places = closings(tokens, lines);
    const isLonger = !isFull && lines.length > this.#longest;
    return places.at(isLonger ? 0 : -1) ?? (isFull && mayBeCut(tokens) ? lines.length : 0);
  }

  // A line that begins with a letter after a blank one begins a block, whatever else will stand in it.
  #endOfLines(): number {
    const end = this.#tail.lastIndexOf('\n') + 1;
    const isBegun = this.#linesSeen <= end && /\n[ \t]*\n$/.test(this.#tail.slice(0, end).slice(-80)) && /^(?:\*\*)?\p{L}/u.test(this.#tail.slice(end, end + 4));
    return isBegun ? this.#tail.length : end;
  }

  #freeze(length: number): void {
    const piece = new Piece(this.#tail.slice(0, length), this.#links);
    if (Object.keys(piece.found).length > Object.keys(this.#links).length) {
      this.#closed = relinked(this.#closed, this.#links, piece.found);
      this.#links = piece.found;
    }
    const blocks = this.#blocksOf(this.#inlineOf(piece, false), true);
    this.#outline = levelHeadings(piece.tokens, this.#outline);
    this.#list = null;
    this.#closed = arrange(this.#closed, blocks);
    this.#closedCount += blocks.length;
    this.#open = this.#open.slice(blocks.length);
    this.#tail = this.#tail.slice(length);
    // What may have to be cut is looked at again, from its beginning.
    this.#linesSeen = this.#linesSeen - length < this.#longest ? this.#linesSeen - length : 0;
  }

  #dropBlankLines(): void {
    const blank = /^(?:[ \t]*\n)+/.exec(this.#tail)?.[0].length ?? 0;
    this.#tail = this.#tail.slice(blank);
    this.#linesSeen = Math.max(0, this.#linesSeen - blank);
  }

  #findFence(): void {
    this.#fence = OpenFence.at(this.#tail);
    if (this.#fence?.endIn(this.#tail, this.#linesSeen)) this.#fence = null;
  }

  #readTail(): void {
    const shortcut = this.#isOpen ? this.#readOpen() : null;
    if (shortcut) {
      this.#open = this.#blocksOf(shortcut, false);
      this.#groups = arrange(this.#closed, this.#open);
    } else {
      this.#readInFull();
    }
    this.#memo.turn();
  }

  // What grows in a known way is not read in full.
  #readOpen(): BlockToken[] | null {
    if (this.#fence) return [this.#fence.token(this.#tail)];
    return this.#list?.read(this.#tail, this.#memo) ?? null;
  }

  #readInFull(): void {
    const piece = new Piece(this.#tail, this.#links);
    this.#open = this.#blocksOf(this.#inlineOf(piece, this.#isOpen), !this.#isOpen);
    this.#list = this.#isOpen ? OpenList.in(piece, this.#tail) : null;
    // What the end of the text defines is known to all of it once the text is whole.
    const closed = this.#isOpen ? this.#closed : relinked(this.#closed, this.#links, piece.found);
    this.#groups = arrange(closed, this.#open);
  }

  #inlineOf(piece: Piece, isOpen: boolean): BlockToken[] {
    const links = JSON.stringify(piece.found);
    if (links !== this.#memoLinks) this.#memo.clear();
    this.#memoLinks = links;
    return piece.readInline(this.#memo, isOpen);
  }

  // The drawn blocks of the beginning of the tail, sharing what is the same with those drawn there before.
  #blocksOf(tokens: readonly BlockToken[], isClosed: boolean): Block[] {
    let outline = this.#outline;
    return tokens.filter(isDrawn).map((token, at) => {
      const before = outline;
      outline = levelHeadings([token], outline);
      return { key: this.#closedCount + at, token: keepSame(this.#open[at]?.token, token), isClosed, outline: before };
    });
  }
}

// Behind the first line that ends at `from` or later; 0 if none does.
const lineEnd = (text: string, from: number): number => text.indexOf('\n', from - 1) + 1;

// What has a head or numbers would lose them.
function mayBeCut(tokens: readonly BlockToken[]): boolean {
  const type = tokens.findLast((token) => token.type !== 'space')?.type;
  return type !== 'code' && type !== 'list' && type !== 'table';
}

// Adds `blocks` to the groups they belong to. What is not touched stays the same group.
function arrange(groups: readonly Group[], blocks: readonly Block[]): readonly Group[] {
  const next = [...groups];
  for (let at = 0; at < blocks.length; ) {
    const key = Math.floor(blocks[at]!.key / groupSize);
    const until = blocks.findIndex((block) => block.key >= (key + 1) * groupSize);
    const part = blocks.slice(at, until < 0 ? undefined : until);
    next[key] = { key, blocks: [...(next[key]?.blocks ?? []), ...part] };
    at += part.length;
  }
  return next;
}

// The groups with those blocks read again that name a link which is defined only now.
function relinked(groups: readonly Group[], before: Links, now: Links): readonly Group[] {
  const added = Object.keys(now).filter((tag) => !(tag in before));
  if (added.length === 0) return groups;
  return groups.map((group) => {
    const blocks = group.blocks.map((block) => {
      const token = relink(block.token, block.outline, added, now);
      return token === block.token ? block : { ...block, token };
    });
    return blocks.every((block, at) => block === group.blocks[at]) ? group : { ...group, blocks };
  });
}
