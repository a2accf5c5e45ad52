// What is painted over a picture, stroke by stroke, in the picture's own pixels.

export interface Point {
  x: number;
  y: number;
}
export interface Stroke {
  isEraser: boolean;
  size: number; // the brush's width
  points: readonly Point[];
}
const DAB = 0.01;
const STROKES_MAX = 400;
const POINTS_MAX = 4000; // of one stroke

export class MaskStrokes {
  #done: Stroke[] = [];
  #undone: Stroke[] = [];

  get all(): readonly Stroke[] {
    return this.#done;
  }
  get canUndo(): boolean {
    return this.#done.length > 0;
  }
  get canRedo(): boolean {
    return this.#undone.length > 0;
  }
  // Whether there may be anything painted at all.
  get isEmpty(): boolean {
    return !this.#done.some((stroke) => !stroke.isEraser);
  }
  // false: there are as many as are kept.
  begin(stroke: Omit<Stroke, 'points'>, at: Point): boolean {
    if (this.#done.length >= STROKES_MAX) return false;
    this.#undone = [];
    this.#done = [...this.#done, { ...stroke, points: [at] }];
    return true;
  }
  // The stroke goes on. What is hardly further is left out: a pen tells of hundreds of places a second.
  extend(to: Point): void {
    const stroke = this.#done.at(-1);
    const last = stroke?.points.at(-1);
    if (!stroke || !last || stroke.points.length >= POINTS_MAX) return;
    if (Math.hypot(to.x - last.x, to.y - last.y) < stroke.size / 12) return;
    this.#done = this.#done.with(-1, { ...stroke, points: [...stroke.points, to] });
  }
  undo(): void {
    const stroke = this.#done.at(-1);
    if (!stroke) return;
    this.#done = this.#done.slice(0, -1);
    this.#undone = [...this.#undone, stroke];
  }
  redo(): void {
    const stroke = this.#undone.at(-1);
    if (!stroke) return;
    this.#undone = this.#undone.slice(0, -1);
    this.#done = [...this.#done, stroke];
  }
  clear(): void {
    this.#done = [];
    this.#undone = [];
  }
}

type Paper = Pick<CanvasRenderingContext2D, 'beginPath' | 'moveTo' | 'lineTo' | 'stroke' | 'lineWidth' | 'lineCap' | 'lineJoin' | 'strokeStyle' | 'globalCompositeOperation'>;

export function paint(paper: Paper, strokes: readonly Stroke[], colour: string): void {
  paper.lineCap = 'round';
  paper.lineJoin = 'round';
  paper.strokeStyle = colour;
  for (const { isEraser, size, points } of strokes) {
    const first = points[0];
    if (!first) continue;
    paper.globalCompositeOperation = isEraser ? 'destination-out' : 'source-over';
    paper.lineWidth = size;
    paper.beginPath();
    paper.moveTo(first.x, first.y);
    // A line of no length is not drawn, so a dab is hardly longer.
    if (points.length === 1) paper.lineTo(first.x + DAB, first.y);
    for (const point of points.slice(1)) paper.lineTo(point.x, point.y);
    paper.stroke();
  }
  paper.globalCompositeOperation = 'source-over';
}

// A picture of the same size, opaque, and transparent where it was painted: that is what is to change.
export async function maskFile(painted: HTMLCanvasElement): Promise<File | null> {
  const canvas = document.createElement('canvas');
  canvas.width = painted.width;
  canvas.height = painted.height;
  const paper = canvas.getContext('2d');
  if (!paper) return null;
  paper.fillRect(0, 0, canvas.width, canvas.height);
  paper.globalCompositeOperation = 'destination-out';
  paper.drawImage(painted, 0, 0);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  return blob && new File([blob], 'mask.png', { type: 'image/png' });
}
