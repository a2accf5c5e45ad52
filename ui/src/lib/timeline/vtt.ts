// Cues of a WebVTT file: what the timeline and the list of captions show.

export interface Cue {
  startMs: number;
  endMs: number;
  text: string;
}

const TIMES = /^((?:\d+:)?\d{2}:\d{2}\.\d{3})\s+-->\s+((?:\d+:)?\d{2}:\d{2}\.\d{3})/;

function toMs(time: string): number {
  const parts = time.split(':').map(Number);
  return Math.round(parts.reduce((total, part) => total * 60 + part, 0) * 1000);
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', nbsp: '\u00a0', lrm: '\u200e', rlm: '\u200f' };
const plain = (line: string): string => line.replace(/<[^>]*>/g, '').replace(/&(\w+);/g, (all, name: string) => ENTITIES[name] ?? all);

export function parseVtt(text: string): Cue[] {
  const cues: Cue[] = [];
  for (const block of text.replace(/\r\n?/g, '\n').split(/\n{2,}/)) {
    const lines = block.split('\n');
    const at = lines.findIndex((line) => TIMES.test(line));
    const times = at < 0 ? null : TIMES.exec(lines[at]!);
    if (!times) continue;
    cues.push({ startMs: toMs(times[1]!), endMs: toMs(times[2]!), text: lines.slice(at + 1).map(plain).join(' ').trim() });
  }
  return cues;
}

export const charactersPerSecond = (cue: Cue): number => (cue.endMs > cue.startMs ? (cue.text.length * 1000) / (cue.endMs - cue.startMs) : 0);
