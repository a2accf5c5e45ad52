// A paragraph of many thousand characters is read in parts, since reading marks takes longer than its length says, and so that
// only the last part is read again while it grows.

const partLength = 4000;

// Cut behind a line, else behind a word. Where a part ends depends only on what is before it.
export function partsOf(source: string): string[] {
  const parts: string[] = [];
  let start = 0;
  while (source.length - start > partLength) {
    const part = source.slice(start, start + partLength);
    const cut = part.lastIndexOf('\n') + 1 || part.lastIndexOf(' ') + 1 || partLength;
    parts.push(part.slice(0, cut));
    start += cut;
  }
  return [...parts, source.slice(start)];
}
