// Marks words on the page without touching its elements, where the browser can.
interface Highlights {
  set(name: string, highlight: unknown): void;
  delete(name: string): void;
}
const NAME = 'thread-find';
const RANGES_MAX = 200;

export function mark(root: Element | null, words: string): void {
  const highlights = (CSS as { highlights?: Highlights }).highlights;
  const Made = (globalThis as { Highlight?: new (...ranges: Range[]) => unknown }).Highlight;
  if (!highlights || !Made) return;
  highlights.delete(NAME);
  const wanted = words.trim().toLocaleLowerCase();
  if (!root || wanted === '') return;
  const ranges: Range[] = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node && ranges.length < RANGES_MAX; node = walker.nextNode()) {
    const text = (node.textContent ?? '').toLocaleLowerCase();
    // A letter may be longer in lower case: then the places are not the same, and nothing is marked.
    if (text.length !== node.textContent?.length) continue;
    for (let at = text.indexOf(wanted); at >= 0 && ranges.length < RANGES_MAX; at = text.indexOf(wanted, at + wanted.length)) {
      const range = new Range();
      range.setStart(node, at);
      range.setEnd(node, at + wanted.length);
      ranges.push(range);
    }
  }
  highlights.set(NAME, new Made(...ranges));
}
