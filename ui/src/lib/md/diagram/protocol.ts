// What the page and the frame that draws say to each other, over a port of their own.

export interface DrawRequest {
  number: number;
  text: string;
  isDark: boolean;
}

// A diagram as a picture, in CSS pixels, with what its author says of it ("accTitle", "accDescr"): empty where they say nothing.
export interface Drawn {
  svg: string;
  width: number;
  height: number;
  title: string;
  description: string;
}

// Why there is none. `line` counts from 1; 0: nowhere in particular.
export interface Refusal {
  reason: 'syntax' | 'kind' | 'size' | 'picture' | 'broken' | 'time' | 'unreachable';
  line: number;
}

export type DrawAnswer = { number: number; drawn: Drawn } | { number: number; refused: Refusal };
export const READY = 'ready';

// Bounds of what is drawn: laying a diagram out takes more than its length, and cannot be interrupted.
export const textMost = 20_000;
export const edgesMost = 300;
export const svgMost = 2_000_000;
const sideMost = 20_000;

// Letters that no picture may have, for which all of it would be refused.
const unfit = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Surrogate}/gu;

const isText = (value: unknown, most: number): value is string => typeof value === 'string' && value.length <= most;
const isSide = (value: unknown): value is number => typeof value === 'number' && value > 0 && value <= sideMost;

// What the frame said, as far as it can be what it should: the frame runs others' code on others' text. Null: it is not.
export function readAnswer(said: unknown): DrawAnswer | null {
  if (typeof said !== 'object' || said === null || !('number' in said) || typeof said.number !== 'number') return null;
  const { number } = said;
  if ('drawn' in said && typeof said.drawn === 'object' && said.drawn !== null) {
    const { svg, width, height, title, description } = said.drawn as Record<string, unknown>;
    if (!isText(svg, svgMost) || !isSide(width) || !isSide(height)) return { number, refused: { reason: 'size', line: 0 } };
    if (!isText(title, textMost) || !isText(description, textMost)) return null;
    return { number, drawn: { svg: svg.replace(unfit, '\ufffd'), width, height, title, description } };
  }
  if (!('refused' in said) || typeof said.refused !== 'object' || said.refused === null) return null;
  const { reason, line } = said.refused as Record<string, unknown>;
  if (reason !== 'syntax' && reason !== 'kind' && reason !== 'size' && reason !== 'picture') return null;
  return { number, refused: { reason, line: Number.isSafeInteger(line) && (line as number) > 0 ? (line as number) : 0 } };
}
