// The end of a line that is still being written: what is bold is bold before its closing marks are here, and the address of a
// link is not shown letter by letter. Only for showing it: a text that is whole is read as it is.

const codeSpan = /(?<!`)(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g;
const farthest = 400; // what is open for longer was no mark

// `source` as it reads with the marks that are open closed.
export function closeMarks(source: string): string {
  const plain = source.replace(codeSpan, (all) => ' '.repeat(all.length));
  const code = /(?<![\\`])`+/.exec(plain);
  if (code && source.length - code.index <= farthest) return closeCode(source, code.index, code[0]);
  const link = /!?\[([^[\]]*)\]\([^()\s]*$/.exec(plain);
  if (link) return closeMarks(source.slice(0, link.index) + link[1]!);
  return ['**', '__', '~~'].reduce((text, mark) => closePair(text, plain, mark), source);
}

function closeCode(source: string, at: number, marks: string): string {
  return source.slice(at + marks.length).trim() === '' ? source.slice(0, at) : source + marks;
}

function closePair(source: string, plain: string, mark: string): string {
  const places = [...plain.matchAll(new RegExp(`(?<!\\\\)\\${mark[0]}{2}(?!\\${mark[0]})`, 'g'))];
  if (places.length % 2 === 0) return source;
  const at = places.at(-1)!.index;
  const inside = source.slice(at + 2);
  if (inside === '') return source.slice(0, at);
  if (/^\s/.test(inside) || inside.length > farthest) return source;
  // Half of what closes it may be here.
  return source.trimEnd().replace(new RegExp(`\\${mark[0]}$`), '') + mark;
}
