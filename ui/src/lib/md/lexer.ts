// Marked's lexer, set up for text that is drawn as elements: entities are read, HTML changes nothing around it, maths is known.
import { Hooks, Lexer, Tokenizer, type MarkedOptions, type Token, type Tokens, type TokensList } from 'marked';
import { decodeEntities } from './entities';
import { maskMaths, mathsBlock, mathsInline } from './maths';
import { closeMarks } from './open-end';
import { partsOf } from './parts';
import type { BlockToken, InlineToken } from './tokens';

export type Links = Record<string, { href: string; title?: string | null }>;

class PlainTokenizer extends Tokenizer {
  override inlineText(source: string): Tokens.Text | undefined {
    let raw = super.inlineText(source)?.raw;
    if (raw === undefined) return undefined;
    const maths = raw.indexOf('$$', 1);
    if (maths > 0) raw = raw.slice(0, maths);
    return { type: 'text', raw, text: decodeEntities(raw) };
  }
  // A tag is text: what follows an <a> or a <pre> that is not one is read as ever.
  override tag(source: string): Tokens.Tag | undefined {
    const { inLink, inRawBlock } = this.lexer.state;
    const token = super.tag(source);
    Object.assign(this.lexer.state, { inLink, inRawBlock });
    return token;
  }
  // Marked lets a title run over blank lines. No block here does, but those that say where they end.
  override def(source: string): Tokens.Def | undefined {
    if (!/^ {0,3}\[/.test(source)) return undefined;
    const end = source.search(/\n[ \t]*\n/);
    return super.def(end < 0 ? source : source.slice(0, end + 1));
  }
}

const deepest = 32;

// Reads so deep and no deeper: text in text in text costs more than it says, and every level is drawn within another.
class PlainLexer extends Lexer {
  source = ''; // the text it reads, which Marked hides from what masks it
  #depth = 0;

  override blockTokens(source: string, tokens: Token[] = [], isClipped?: boolean): TokensList {
    return this.#deeper(source, tokens, () => super.blockTokens(source, tokens, isClipped)) as TokensList;
  }
  override inlineTokens(source: string, tokens: Token[] = []): Token[] {
    const before = this.source;
    this.source = source;
    const read = this.#deeper(source, tokens, () => super.inlineTokens(source, tokens));
    this.source = before;
    return read;
  }
  #deeper(source: string, tokens: Token[], read: () => Token[]): Token[] {
    if (this.#depth >= deepest) {
      tokens.push({ type: 'text', raw: source, text: source });
      return tokens;
    }
    this.#depth += 1;
    try {
      return read();
    } finally {
      this.#depth -= 1;
    }
  }
}

class MathsHooks extends Hooks {
  declare lexer: PlainLexer; // Marked calls with it
  override emStrongMask(masked: string): string {
    return maskMaths(this.lexer.source, masked);
  }
}

const options: MarkedOptions = {
  gfm: true,
  breaks: true, // a line that someone ended stays ended
  tokenizer: new PlainTokenizer(),
  hooks: new MathsHooks(),
  extensions: {
    renderers: {},
    childTokens: {},
    block: [mathsBlock.tokenizer],
    startBlock: [mathsBlock.start!],
    inline: [mathsInline.tokenizer],
  },
};

// Inline text that was read before, by its source. What was not asked for since is forgotten.
export class InlineMemo {
  #now = new Map<string, InlineToken[]>();
  #before = new Map<string, InlineToken[]>();

  read(source: string, lex: (source: string) => InlineToken[]): InlineToken[] {
    const tokens = this.#now.get(source) ?? this.#before.get(source) ?? lex(source);
    this.#now.set(source, tokens);
    return tokens;
  }
  turn(): void {
    this.#before = this.#now;
    this.#now = new Map();
  }
  clear(): void {
    this.#before = new Map();
    this.#now = new Map();
  }
}

// The blocks of one piece of text. `links` are the definitions known so far; those of the piece are added to `found`.
export class Piece {
  readonly tokens: BlockToken[];
  readonly found: Links;
  readonly #text: string;
  #lexer = new PlainLexer(options);

  constructor(text: string, links: Links) {
    this.#text = text;
    Object.assign(this.#lexer.tokens.links, links);
    try {
      this.tokens = this.#lexer.blockTokens(text, []) as BlockToken[];
    } catch {
      // What cannot be read is shown as it is.
      this.#lexer.inlineQueue = [];
      this.tokens = [{ type: 'paragraph', raw: text, text, tokens: [{ type: 'text', raw: text, text }] }];
    }
    this.found = this.#lexer.tokens.links as Links;
  }

  // Fills in the inline text of `tokens`. Apart, since where a block ends is known without it. `isOpen`: its end is still written.
  readInline(memo: InlineMemo, isOpen = false): BlockToken[] {
    const queue = this.#lexer.inlineQueue;
    this.#lexer.inlineQueue = [];
    for (const [at, { src, tokens }] of queue.entries()) {
      const isEnd = isOpen && at === queue.length - 1 && this.#text.trimEnd().endsWith(src.trimEnd());
      const parts = partsOf(src);
      if (isEnd && parts.length === 1) parts[0] = closeMarks(src);
      for (const part of parts) tokens.push(...memo.read(part, (source) => this.#lexInline(source)));
    }
    return this.tokens;
  }

  #lexInline(source: string): InlineToken[] {
    try {
      return this.#lexer.inlineTokens(source) as InlineToken[];
    } catch {
      return [{ type: 'text', raw: source, text: source }];
    }
  }
}
