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
  start: (source) => (source.includes('$$') || source.includes('\\[') ? blockAhead.exec(source)?.index : undefined),
  tokenizer: (source) => token(block.exec(source), true),
};

export const mathsInline: TokenizerExtension = {
  name: 'maths',
  level: 'inline',
  start: (source) => {
    const at = source.search(/\$\$|\\[([]/);
    return at < 0 ? undefined : at;
  },
  tokenizer: (source) => (source[0] === '$' || source[0] === '\\' ? token(inline.exec(source), source[0] === '$' || source[1] === '[') : undefined),
};

// So that the stars and underscores of a formula open no emphasis.
export const maskMaths = (source: string): string => source.replace(inlineAnywhere, (all) => 'a'.repeat(all.length));
