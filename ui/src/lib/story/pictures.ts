// A story's pictures apart from its words. In the file a picture is a link on a line of its own before its scene; the
// page shows the words, and each scene's picture beside it.
import { splitStory, spokenText } from './split';

export interface Illustrated {
  text: string; // the story without its links to assets
  pictures: readonly (string | null)[]; // an asset's id for each scene
}

const LINK = /!\[[^\]\n]*\]\(asset:([^)\s]*)\)/;
const LINKS = new RegExp(LINK, 'g');
const LINK_LINE = new RegExp(`^\\s*${LINK.source}\\s*$`);

const linesOf = (text: string): string[] => text.match(/[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$/g) ?? [];

// The words of a scene: a line that was a link alone goes, and a link among words leaves no hole.
const wordsOf = (scene: string): string =>
  linesOf(scene)
    .filter((line) => !LINK_LINE.test(line))
    .join('')
    .replace(new RegExp(`${LINK.source}[ \\t]?`, 'g'), '');

// Reads as the server does: a link in a scene is that scene's; one that stands alone is the next scene's, or the last's.
export function takeOut(story: string): Illustrated {
  const pieces = splitStory(story);
  const pictures: (string | null)[] = [];
  let text = '';
  let waiting: string | null = null;
  let isAfterLink = false;
  for (const piece of pieces) {
    const links = [...piece.text.matchAll(LINKS)].map((match) => match[1] ?? '');
    if (piece.index >= 0) {
      // Two for one scene are refused by the server: it says so of what is left to see.
      const [first, ...more] = links;
      pictures.push(first ?? waiting);
      text += more.length > 0 ? piece.text : wordsOf(piece.text);
      if (more.length > 0) pictures[pictures.length - 1] = null;
      waiting = null;
    } else if (piece.kind === 'gap' && links.length === 1 && LINK_LINE.test(piece.text)) {
      waiting = links[0] ?? null;
      isAfterLink = true;
      continue;
    } else text += isAfterLink && piece.kind === 'gap' ? linesOf(piece.text).slice(1).join('') : piece.text;
    isAfterLink = false;
  }
  const last = pictures.length - 1;
  if (waiting !== null && last >= 0) pictures[last] ??= waiting;
  return { text, pictures };
}

export function putIn({ text, pictures }: Illustrated): string {
  return splitStory(text)
    .map((piece) => {
      const picture = piece.index >= 0 ? pictures[piece.index] : null;
      return picture ? `![](asset:${picture})\n${piece.text}` : piece.text;
    })
    .join('');
}

// Where a line of the file is among the words alone. Both count from 1.
export const lineOfWords = (story: string, line: number): number =>
  Math.max(1, line - linesOf(story).slice(0, line - 1).filter((each) => LINK_LINE.test(each)).length);

const textsOf = (text: string): string[] => splitStory(text).filter((piece) => piece.index >= 0).map((piece) => spokenText(piece.text));

// Whether one text came of the other by typing: most of the shorter one stands at its ends.
function isEditOf(a: string, b: string): boolean {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < shorter - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  return shorter > 0 && start + end >= shorter / 2;
}

// Which scene has which picture once the words were edited. `attic` keeps pictures of scenes that are gone, by their
// words: cut and pasted elsewhere, or typed again by an undo, a scene has its picture back.
export function carry(before: Illustrated, text: string, attic: Map<string, string>): (string | null)[] {
  const old = textsOf(before.text);
  const now = textsOf(text);
  const pictures: (string | null)[] = now.map(() => null);
  const isTaken = old.map(() => false);
  const isGiven = now.map(() => false);
  const give = (from: number, to: number): void => {
    isTaken[from] = true;
    isGiven[to] = true;
    pictures[to] ??= before.pictures[from] ?? null;
  };
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) give(start, start++);
  let end = 0;
  while (end < Math.min(old.length, now.length) - start && old.at(-1 - end) === now.at(-1 - end)) {
    give(old.length - 1 - end, now.length - 1 - end);
    end += 1;
  }
  const gone = old.map((_, at) => at).slice(start, old.length - end);
  const fresh = now.map((_, at) => at).slice(start, now.length - end);
  for (const to of fresh) {
    const from = gone.find((at) => !isTaken[at] && old[at] === now[to]);
    if (from !== undefined) give(from, to);
  }
  // One scene that became one is the same scene, whatever it says now.
  if (gone.length === 1 && fresh.length === 1 && !isGiven[fresh[0]!]) give(gone[0]!, fresh[0]!);
  for (const from of gone) {
    if (isTaken[from]) continue;
    const to = fresh.find((at) => pictures[at] === null && (!isGiven[at] || before.pictures[from]) && isEditOf(old[from]!, now[at]!));
    if (to !== undefined) give(from, to);
    else if (before.pictures[from]) attic.set(old[from]!, before.pictures[from]);
  }
  return pictures.map((picture, at) => picture ?? (isGiven[at] ? null : (attic.get(now[at]!) ?? null)));
}
