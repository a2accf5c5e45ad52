// What the lexer gives and the components draw. Every text in it is plain: entities are read, HTML is not.
import type { Tokens } from 'marked';

export interface MathsToken {
  type: 'maths';
  raw: string;
  text: string; // TeX without its marks
  isBlock: boolean; // stands on its own line
}

export type InlineToken =
  | Tokens.Text
  | Tokens.Escape
  | Tokens.Tag
  | Tokens.Link
  | Tokens.Image
  | Tokens.Strong
  | Tokens.Em
  | Tokens.Del
  | Tokens.Codespan
  | Tokens.Br
  | Tokens.Checkbox
  | MathsToken;

// `level` is the element's, h3 to h6; `depth` is what the text asked for.
export type HeadingToken = Tokens.Heading & { level: number };

export type BlockToken =
  | Tokens.Paragraph
  | HeadingToken
  | Tokens.Code
  | Tokens.Blockquote
  | Tokens.List
  | Tokens.Table
  | Tokens.HTML
  | Tokens.Hr
  | Tokens.Space
  | Tokens.Def
  | Tokens.Text
  | Tokens.Checkbox
  | MathsToken;

export type Token = InlineToken | BlockToken | Tokens.ListItem;

// The lexer types what is inside a token as anything: these say what it is.
export const blocksIn = (token: { tokens?: unknown }): BlockToken[] => (token.tokens ?? []) as BlockToken[];
export const inlineIn = (token: { tokens?: unknown }): InlineToken[] => (token.tokens ?? []) as InlineToken[];

export const isDrawn = (token: BlockToken): boolean => token.type !== 'space' && token.type !== 'def';
