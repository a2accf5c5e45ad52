// Two versions of one story, scene by scene, so that a person may keep either.
import { putIn, takeOut } from './pictures';
import { splitStory, spokenText } from './split';

// A scene, or a heading with which a part begins.
export interface Passage {
  kind: 'scene' | 'heading' | 'front';
  text: string; // as written, without blank lines around it
  picture: string | null;
}
export type Side = 'mine' | 'theirs';
export interface Row {
  id: string; // stable while both sides say what they say
  mine: Passage | null;
  theirs: Passage | null;
  isSame: boolean;
  suggested: Side;
}

export function passagesOf(story: string): Passage[] {
  const { text, pictures } = takeOut(story);
  return splitStory(text).flatMap((piece): Passage[] => {
    if (piece.kind === 'gap') return [];
    return [{ kind: piece.kind, text: piece.text.replace(/^\s*\n|\s+$/g, ''), picture: piece.index >= 0 ? (pictures[piece.index] ?? null) : null }];
  });
}

// What makes two passages the same: what is spoken and shown, not how it is written.
const wordsOf = (passage: Passage): string => `${passage.kind} ${(passage.kind === 'scene' ? spokenText(passage.text) : passage.text).replace(/[*_`\\[\]()#>~]/g, '').replace(/\s+/g, ' ').trim()}`;
const nameOf = (passage: Passage): string => `${wordsOf(passage)} ${passage.picture ?? ''}`;

// Pairs of equal passages, in order, as many as there are.
function longestCommon(a: readonly string[], b: readonly string[]): [number, number][] {
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let k = b.length - 1; k >= 0; k -= 1) lengths[i]![k] = a[i] === b[k] ? lengths[i + 1]![k + 1]! + 1 : Math.max(lengths[i + 1]![k]!, lengths[i]![k + 1]!);
  const pairs: [number, number][] = [];
  for (let i = 0, k = 0; i < a.length && k < b.length;) {
    if (a[i] === b[k]) pairs.push([i++, k++]);
    else if (lengths[i + 1]![k]! >= lengths[i]![k + 1]!) i += 1;
    else k += 1;
  }
  return pairs;
}

// `base` is what both came from, where it is known: what only one side changed is suggested from that side. What both
// changed is suggested as typed here, so that nothing goes unseen.
export function compare(mine: string, theirs: string, base: string | null): Row[] {
  const [ours, others] = [passagesOf(mine), passagesOf(theirs)];
  const known = base === null ? null : new Set(passagesOf(base).map(nameOf));
  const rows: Row[] = [];
  const add = (own: Passage | null, other: Passage | null): void => {
    const isSame = own !== null && other !== null && nameOf(own) === nameOf(other);
    const isOld = known?.has(nameOf((own ?? other)!)) ?? false;
    const suggested: Side = known && (own ? isOld : !isOld) ? 'theirs' : 'mine';
    rows.push({ id: `${rows.length} ${own ? nameOf(own) : ''}\n${other ? nameOf(other) : ''}`, mine: own, theirs: other, isSame, suggested });
  };
  let [i, k] = [0, 0];
  // Between equal passages: those of the same place and kind stand side by side, the rest alone.
  const addBetween = (toMine: number, toTheirs: number): void => {
    while (i < toMine || k < toTheirs) {
      const own = i < toMine ? ours[i]! : null;
      const other = k < toTheirs ? others[k]! : null;
      const isLater = own !== null && hasTwin(own, others.slice(k, toTheirs));
      if (own && other && own.kind === other.kind && (isAlike(own, other) || (!isLater && !hasTwin(other, ours.slice(i, toMine))))) {
        add(own, other);
        i += 1;
        k += 1;
      } else if (own && !isLater) {
        add(own, null);
        i += 1;
      } else {
        add(null, other);
        k += 1;
      }
    }
  };
  for (const [atMine, atTheirs] of longestCommon(ours.map(nameOf), others.map(nameOf))) {
    addBetween(atMine, atTheirs);
    add(ours[i++]!, others[k++]!);
  }
  addBetween(ours.length, others.length);
  return rows;
}

// The same passage, edited: half of its words are the same.
function isAlike(a: Passage, b: Passage): boolean {
  if (a.kind !== b.kind) return false;
  const [left, right] = [new Set(wordsOf(a).toLowerCase().split(' ').slice(1)), new Set(wordsOf(b).toLowerCase().split(' ').slice(1))];
  const shared = [...left].filter((word) => right.has(word)).length;
  return shared >= Math.min(left.size, right.size) / 2;
}
const hasTwin = (passage: Passage, list: readonly Passage[]): boolean => list.some((each) => isAlike(passage, each));

// What differs of two texts, in words: from the first to the last that is not the same.
export function changedWords(text: string, other: string): [before: string, changed: string, after: string] {
  const [own, others] = [text.split(/(?<=\s)/), other.split(/(?<=\s)/)];
  const shorter = Math.min(own.length, others.length);
  let start = 0;
  while (start < shorter && own[start]!.trim() === others[start]!.trim()) start += 1;
  let end = 0;
  while (end < shorter - start && own.at(-1 - end)!.trim() === others.at(-1 - end)!.trim()) end += 1;
  return [own.slice(0, start).join(''), own.slice(start, own.length - end).join(''), own.slice(own.length - end).join('')];
}

export function join(rows: readonly Row[], sideOf: (row: Row) => Side): string {
  const chosen = rows.map((row) => row[sideOf(row)]).filter((passage) => passage !== null);
  const pictures = chosen.filter((passage) => passage.kind === 'scene').map((passage) => passage.picture);
  return putIn({ text: chosen.map((passage) => passage.text).join('\n\n') + '\n', pictures });
}
