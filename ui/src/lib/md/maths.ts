// Where TeX stands in a text: $$ … $$, \[ … \] and \( … \). A blank line ends it, as in TeX.
import type { TokenizerExtension } from 'marked';
import type { MathsToken } from './tokens';

const closes: Record<string, string> = { '$$': '$$', '\\[': '\\]', '\\(': '\\)' };
const longest = 3000; // a text may be full of marks that nothing closes

interface Formula {
  end: number; // behind its closing mark
  text: string;
}

// The formula whose mark is at `at`.
function formulaAt(source: string, at: number): Formula | null {
  const mark = source.slice(at, at + 2);
  const ahead = source.slice(at + 2, at + 2 + longest);
  const close = closes[mark] === undefined ? -1 : ahead.indexOf(closes[mark]);
  const text = ahead.slice(0, Math.max(0, close)).trim();
  return text === '' || (mark === '$$' && text.includes('$')) ? null : { end: at + 2 + close + 2, text };
}

// One that has its lines to itself.
function blockAt(source: string, at: number): Formula | null {
  const formula = formulaAt(source, at);
  const rest = formula && /^[ \t]*(?=\n|$)/.exec(source.slice(formula.end, formula.end + longest));
  if (!rest || /\n[ \t]*\n/.test(source.slice(at, formula.end))) return null;
  return { end: formula.end + rest[0].length, text: formula.text };
}

export const mathsBlock: TokenizerExtension = {
  name: 'maths',
  level: 'block',
  start: (source) => {
    for (const { 0: found, index } of source.matchAll(/\n(?:[ \t]*\n| {0,3}(?:\$\$|\\\[))/g)) {
      if (found.endsWith('\n')) return undefined; // the paragraph ends
      if (blockAt(source, index + found.length - 2)) return index;
    }
    return undefined;
  },
  tokenizer: (source) => {
    const at = /^ {0,3}(?=\$\$|\\\[)/.exec(source)?.[0].length;
    const found = at === undefined ? null : blockAt(source, at);
    return found ? ({ type: 'maths', raw: source.slice(0, found.end), text: found.text, isBlock: true } satisfies MathsToken) : undefined;
  },
};

// Text ends where it may begin: see the tokenizer.
export const mathsInline: TokenizerExtension = {
  name: 'maths',
  level: 'inline',
  tokenizer: (source) => {
    const found = source[0] === '$' || source[0] === '\\' ? formulaAt(source, 0) : null;
    return found ? ({ type: 'maths', raw: source.slice(0, found.end), text: found.text, isBlock: source[1] !== '(' } satisfies MathsToken) : undefined;
  },
};

// Hides the formulas of `source` in what emphasis is looked for in: their stars and underscores close none.
export function maskMaths(source: string, masked: string): string {
  const parts: string[] = [];
  let done = 0;
  for (const { index } of source.matchAll(/\$\$|\\[([]/g)) {
    const end = index < done ? undefined : formulaAt(source, index)?.end;
    if (end === undefined) continue;
    parts.push(masked.slice(done, index), 'a'.repeat(end - index));
    done = end;
  }
  return done === 0 ? masked : parts.join('') + masked.slice(done);
}
