// How a route is drawn: the route at the left, its candidates in a column at the right, an edge to each. Where things
// stand depends on how many candidates there are and on nothing else, so that a drawing holds still while figures move.

export const ROW_HEIGHT = 92; // of a candidate, in pixels
export const ROW_GAP = 8;
export const WIDTH = 112; // of what lies between

export interface Drawing {
  height: number;
  paths: readonly string[]; // an edge to each candidate, from the top
}

const drawings = new Map<number, Drawing>();

// The same drawing for the same count, every time. A route has 32 candidates at most, so these are few.
export function drawingOf(count: number): Drawing {
  const known = drawings.get(count);
  if (known) return known;
  const height = Math.max(0, count * ROW_HEIGHT + (count - 1) * ROW_GAP);
  const middle = height / 2;
  const paths = Array.from({ length: count }, (_, at) => {
    const y = at * (ROW_HEIGHT + ROW_GAP) + ROW_HEIGHT / 2;
    return `M0 ${middle}C${WIDTH / 2} ${middle} ${WIDTH / 2} ${y} ${WIDTH} ${y}`;
  });
  const drawing = { height, paths };
  drawings.set(count, drawing);
  return drawing;
}

// Of all that was answered, 0 to 1; null where nothing was.
export const shareOf = (answered: number, all: number): number | null => (all > 0 ? Math.min(1, answered / all) : null);

const THINNEST = 1.5;
const WIDEST = 14;
export const edgeWidth = (share: number | null): number => Math.round((THINNEST + (share ?? 0) * (WIDEST - THINNEST)) * 10) / 10;

// The list with what stood at `from` at `to`; as it was where there is no such place.
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const next = [...list];
  if (from < 0 || from >= next.length || to < 0 || to >= next.length) return next;
  next.splice(to, 0, ...next.splice(from, 1));
  return next;
}

const WEIGHT_MAX = 1_000_000;
// As the server takes it: over 0 and at most a million; null for anything else.
export function readWeight(typed: string): number | null {
  const weight = typed.trim() === '' ? Number.NaN : Number(typed);
  return Number.isFinite(weight) && weight > 0 && weight <= WEIGHT_MAX ? weight : null;
}
