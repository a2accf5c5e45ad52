import { describe, expect, it } from 'vitest';
import { InlineMemo, Piece } from './lexer';
import type { BlockToken, MathsToken } from './tokens';

const tokens = (text: string): BlockToken[] => new Piece(text, {}).readInline(new InlineMemo());
const within = (value: unknown): object[] => (typeof value === 'object' && value !== null ? [value, ...Object.values(value).flatMap(within)] : []);
const isMaths = (value: object): value is MathsToken => 'type' in value && value.type === 'maths';
const formulas = (text: string): [string, boolean][] => within(tokens(text)).filter(isMaths).map((token) => [token.text, token.isBlock]);

describe('a formula', () => {
  it.each<[string, [string, boolean][]]>([
    ['\\(a\\) and \\( b_1 \\)', [['a', false], ['b_1', false]]],
    ['$$a$$', [['a', true]]],
    ['so\n$$\na\nb\n$$\nthen', [['a\nb', true]]],
    ['\\[\n  a \\\\\n  b\n\\]', [['a \\\\\n  b', true]]],
    ['- x \\(a\\)\n\n  \\[b\\]\n- y', [['a', false], ['b', true]]],
    ['> $$a$$', [['a', true]]],
    ['| \\(a\\) |\n|---|\n| $$b$$ |', [['a', false], ['b', true]]],
    ['*x \\(a*b\\) y*', [['a*b', false]]],
  ])('is found in %j', (text, expected) => {
    expect(formulas(text)).toEqual(expected);
  });
  it.each(['$$ a\n\nb $$', '\\(a', '\\[a\n\nb\\]', '`\\(a\\)`', '```\n$$a$$\n```', 'costs $5 or $6', '$$$$', '\\(\\)', '    $$a$$', '\\\\(a\\\\)'])('is not found in %j', (text) => {
    expect(formulas(text)).toEqual([]);
  });
  it('opens and closes no emphasis', () => {
    const [paragraph] = tokens('*x \\(a*b\\) y* \\(c_d\\) _e_') as { tokens: { type: string; raw: string }[] }[];
    expect(paragraph!.tokens.map(({ type, raw }) => [type, raw])).toEqual([['em', '*x \\(a*b\\) y*'], ['text', ' '], ['maths', '\\(c_d\\)'], ['text', ' '], ['em', '_e_']]);
  });
});
