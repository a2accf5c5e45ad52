// A text too long to be laid out unasked, cut at the end of a line where there is one near.
const SHOWN_MAX = 6000;
export function beginningOf(text: string): string {
  if (text.length <= SHOWN_MAX) return text;
  const line = text.lastIndexOf('\n', SHOWN_MAX);
  return text.slice(0, line > SHOWN_MAX / 2 ? line : SHOWN_MAX);
}

// As it is read aloud: without the marks of Markdown, and without code.
export const spoken = (text: string): string =>
  text
    .replace(/^(```|~~~)[\s\S]*?^\1.*$/gm, '')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/^ {0,3}(#{1,6}|[-*+]|\d+[.)]|>)[ \t]+/gm, '')
    .replace(/[*_`~|]+/g, '')
    .trim();

// Addresses that a press may go to.
export const isSafeLink = (url: string): boolean => /^https?:\/\//i.test(url);
