// Lines made ready to be drawn and told.
export type Points = readonly (number | null)[];
export interface Grid {
  fromMs: number;
  stepMs: number;
}

export interface Summary {
  last: number | null;
  mean: number | null;
  max: number | null;
}

export function summaryOf(points: Points): Summary {
  let [last, max, sum, count]: [number | null, number | null, number, number] = [null, null, 0, 0];
  for (const point of points) {
    if (point === null) continue;
    last = point;
    max = max === null || point > max ? point : max;
    sum += point;
    count++;
  }
  return { last, max, mean: count > 0 ? sum / count : null };
}

// Points with none on either side: no line goes through them, so they are drawn as dots.
export function lonely(points: Points): number[] {
  const found: number[] = [];
  points.forEach((point, at) => {
    if (point !== null && (points[at - 1] ?? null) === null && (points[at + 1] ?? null) === null) found.push(at);
  });
  return found;
}

// The server keeps no stretch in which all was nothing: while the studio ran, what was not kept was nothing.
export const withNothing = (points: Points, ran: readonly number[]): Points => points.map((point, at) => (point === null && (ran[at] ?? 0) > 0 ? 0 : point));

// The points of another time at the places of these: `shiftMs` later each stands where it did.
export const aligned = (count: number, { fromMs, stepMs }: Grid, other: Points, at: Grid, shiftMs: number): (number | null)[] =>
  Array.from({ length: count }, (_, place) => other[Math.floor((fromMs + place * stepMs - shiftMs - at.fromMs) / at.stepMs)] ?? null);

export const timesOf = (fromMs: number, stepMs: number, count: number): number[] => Array.from({ length: count }, (_, at) => (fromMs + at * stepMs) / 1000);
