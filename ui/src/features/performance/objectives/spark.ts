// A small line as an SVG path. What has no neighbour is a dot: a line of no length, drawn with round ends.
export interface Spark {
  line: string;
  limitY: number;
}

// The limit is always in sight, and what is far over it leaves at the top.
export function pathsOf(points: readonly (number | null)[], limit: number, width: number, height: number): Spark {
  const known = points.filter((point): point is number => point !== null);
  const top = Math.min(Math.max(limit, ...known), 3 * limit) * 1.1 || 1;
  const [pad, step] = [1.5, points.length > 1 ? width / (points.length - 1) : width];
  const y = (value: number): number => Math.round(10 * (pad + (height - 2 * pad) * (1 - Math.min(value, top) / top))) / 10;
  let line = '';
  points.forEach((point, at) => {
    if (point === null) return;
    const x = Math.round(10 * at * step) / 10;
    const begins = (points[at - 1] ?? null) === null;
    line += `${begins ? 'M' : 'L'}${x} ${y(point)}`;
    if (begins && (points[at + 1] ?? null) === null) line += 'h0';
  });
  return { line, limitY: y(limit) };
}
