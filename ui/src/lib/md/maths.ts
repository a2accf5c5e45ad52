// Where TeX stands in a text: $$ … $$, \[ … \] and \( … \). A blank line ends it, as in TeX.
import type { TokenizerExtension } from 'marked';
import type { MathsToken } from './tokens';

const block = /^ {0,3}(?:\$\$((?:(?!\$\$|\n[ \t]*\n)[\s\S])+)\$\$|\\\[((?:(?!\\\]|\n[ \t]*\n)[\s\S])+)\\\])[ \t]*(?=\n|$)/;
const blockAhead = /\n(?= {0,3}(?:\$\$(?:(?!\$\$|\n[ \t]*\n)[\s\S])+\$\$|\\\[(?:(?!\\\]|\n[ \t]*\n)[\s\S])+\\\])[ \t]*(?:\n|$))/;
const inline = /^(?:\$\$([^$]+)\$\$|\\\[((?:(?!\\\])[\s\S])+)\\\]|\\\(((?:(?!\\\))[\s\S])+)\\\))/;
const inlineAnywhere = new RegExp(inline.source.slice(1), 'g');

function token(found: RegExpExecArray | null, isBlock: boolean): MathsToken | undefined {
  const text = (found?.[1] ?? found?.[2] ?? found?.[3] ?? '').trim();
  return found && text ? { type: 'maths', raw: found[0], text, isBlock } : undefined;
}

export const mathsBlock: TokenizerExtension = {
  name: 'maths',
  level: 'block',
  start: (source) => {
    const end = source.search(/\n[ \t]*\n/); // of the paragraph
    return blockAhead.exec(end < 0 ? source : source.slice(0, end + 1))?.index;
  },
  tokenizer: (source) => token(block.exec(source), true),
};

// Text ends where it may begin: see the tokenizer.
export const mathsInline: TokenizerExtension = {
  name: 'maths',
  level: 'inline',
  tokenizer: (source) => (source[0] === '$' || source[0] === '\\' ? token(inline.exec(source), source[0] === '$' || source[1] === '[') : undefined),
};

// Hides the formulas of `source` in what emphasis is looked for in: their stars and underscores close none.
export function maskMaths(source: string, masked: string): string {
  let shown = masked;
  for (const { 0: { length }, index } of source.matchAll(inlineAnywhere)) shown = shown.slice(0, index) + 'a'.repeat(length) + shown.slice(index + length);
  return shown;
}
