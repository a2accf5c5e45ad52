// The scenes of a story as it is being typed, before the server has read it. The server's reading is the truth; this one
// only has to agree with it for stories as people write them.

export interface StoryPiece {
  kind: 'gap' | 'front' | 'heading' | 'scene';
  text: string; // as written; the pieces' texts joined are the story
  index: number; // of the scene; -1 elsewhere
}

const HEADING = /^ {0,3}#{1,6}(\s|$)/;
const RULE = /^ {0,3}([-*_])( *\1){2,}\s*$/;
const MEDIA_LINE = /^\s*!\[[^\]]*\]\([^)]*\)\s*$/;
const MEDIA = /!\[[^\]]*\]\([^)]*\)/g;

function frontMatterEnd(lines: string[]): number {
  if (lines[0]?.trim() !== '---') return 0;
  const end = lines.findIndex((line, index) => index > 0 && line.trim() === '---');
  return end < 0 ? 0 : end + 1;
}

// Lines keep their ends, so that nothing is lost.
const linesOf = (story: string): string[] => story.match(/[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$/g) ?? [];

function kindOf(line: string): StoryPiece['kind'] {
  if (line.trim() === '' || RULE.test(line)) return 'gap';
  return HEADING.test(line) ? 'heading' : 'scene';
}

export function splitStory(story: string): StoryPiece[] {
  const lines = linesOf(story);
  const front = frontMatterEnd(lines);
  const pieces: StoryPiece[] = [];
  if (front > 0) pieces.push({ kind: 'front', text: lines.slice(0, front).join(''), index: -1 });
  let scenes = 0;
  for (const line of lines.slice(front)) {
    const kind = kindOf(line);
    const last = pieces[pieces.length - 1];
    if (last && last.kind === kind && kind !== 'heading') last.text += line;
    else pieces.push({ kind, text: line, index: -1 });
  }
  for (const piece of pieces) {
    if (piece.kind !== 'scene') continue;
    if (spokenText(piece.text) === '') piece.kind = 'gap'; // a picture alone
    else piece.index = scenes++;
  }
  return pieces;
}

// What is read aloud of a scene as written.
export function spokenText(text: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .filter((line) => !MEDIA_LINE.test(line))
    .join(' ')
    .replace(MEDIA, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

export const scenesOf = (story: string): string[] =>
  splitStory(story).filter((piece) => piece.kind === 'scene').map((piece) => spokenText(piece.text));

const WIDE = /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/g;

// Words, where writing has spaces; where it has none, two signs count as one.
export function countWords(text: string): number {
  const wide = text.match(WIDE)?.length ?? 0;
  const rest = text.replace(WIDE, ' ').split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
  return rest + Math.ceil(wide / 2);
}

// About how long a voice takes; shown until the render has measured it.
export function estimateMs(text: string, speed: number): number {
  const words = countWords(text);
  return words === 0 ? 0 : Math.round((words * 375 + 450) / Math.max(0.25, speed));
}

// Where in the story a scene's text begins, for putting the caret there.
export function startOfScene(pieces: StoryPiece[], index: number): number {
  let at = 0;
  for (const piece of pieces) {
    if (piece.index === index) return at;
    at += piece.text.length;
  }
  return at;
}

export function sceneAt(pieces: StoryPiece[], offset: number): number {
  let at = 0;
  let last = 0;
  for (const piece of pieces) {
    if (piece.index >= 0) last = piece.index;
    at += piece.text.length;
    if (offset <= at) return last;
  }
  return last;
}
