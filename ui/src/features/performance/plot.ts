// A chart on a canvas. It draws what it is given and says where the person points and which stretch was dragged over.
import type uPlot from 'uplot';
import type { Answer } from './batch';
import { isDashed, readColours, type Colours } from './colours';
import type { Line } from './panels';
import { lonely, timesOf } from './series';
import { formatFigure, formatTick, type Unit } from './units';

export const HEIGHT_PX = 176;
// The same on all charts, so that one time is at one place on all of them.
export const AXIS_PX = 68;
const DRAG_PX_MIN = 5;
const FONT = '11px "Instrument Sans", system-ui, sans-serif';
// Of what is counted there are no halves.
const WHOLE = Array.from({ length: 9 }, (_, power) => [1, 2, 5].map((first) => first * 10 ** power)).flat();

// A version began. Drawn through the chart where it is another than before, and else at its foot.
export interface Mark {
  ms: number;
  name: string;
  isNew: boolean;
}

interface Told {
  onpoint: (ms: number | null) => void;
  onzoom: (fromMs: number, toMs: number) => void;
  onback: () => void;
}

export class Plot {
  #plot: uPlot;
  #box: HTMLElement;
  #colours: Colours;
  #lines: readonly Line[];
  #answer: Answer;
  #marks: readonly Mark[] = [];
  // A stretch is being dragged over: new lines would take it away, and wait.
  #isDragged = false;
  #waiting: Answer | null = null;
  #gone = new AbortController();

  constructor(make: typeof uPlot, box: HTMLElement, lines: readonly Line[], unit: Unit, answer: Answer, told: Told) {
    this.#box = box;
    this.#colours = readColours(box);
    this.#lines = lines;
    this.#answer = answer;
    this.#plot = new make(this.#options(unit, told), this.#data(), box);
    const { signal } = this.#gone;
    this.#plot.over.addEventListener('mousedown', ({ button }) => (this.#isDragged = button === 0), { signal }); // what another opens may keep its end
    document.addEventListener('mouseup', () => setTimeout(() => this.#release()), { signal }); // once the stretch was told
  }

  #data(): uPlot.AlignedData {
    const { fromMs, stepMs, lines } = this.#answer;
    const drawn = this.#lines.map(({ figure }) => [...(lines.get(figure) ?? [])]);
    const times = timesOf(fromMs, stepMs, Math.max(0, ...drawn.map((points) => points.length)));
    const before = this.#answer.before;
    const earlier = before ? this.#lines.map(({ figure }) => [...(before.get(figure) ?? [])]) : [];
    return [times, ...[...drawn, ...earlier].map((points) => (points.length === 0 ? times.map(() => null) : points))];
  }

  #options(unit: Unit, { onpoint, onzoom, onback }: Told): uPlot.Options {
    const text = (): string => this.#colours.text;
    const rule = (): string => this.#colours.line;
    const stroke = (tone: number) => (): string => this.#colours.pigments[tone % this.#colours.pigments.length]!;
    return {
      width: this.#box.clientWidth,
      height: HEIGHT_PX,
      padding: [10, 10, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: true, y: false, setScale: false }, points: { size: 7 }, bind: { dblclick: () => () => (onback(), null) } },
      scales: {
        x: { time: true, range: () => [this.#answer.span.fromMs / 1000, this.#answer.span.toMs / 1000] },
        y: { range: (_, _low, high) => [0, Math.max(unit === 'count' ? 1 : 0, high * 1.12) || 1] },
      },
      axes: [
        { stroke: text, font: FONT, size: 28, gap: 6, space: 72, grid: { show: false }, ticks: { stroke: rule, width: 1, size: 4 }, values: (_, splits, _axis, _space, incr) => splits.map((at) => formatTick(at * 1000, incr * 1000)) },
        { stroke: text, font: FONT, size: AXIS_PX, gap: 8, space: 34, grid: { stroke: rule, width: 1 }, ticks: { show: false }, values: (_, splits) => splits.map((at) => (at === 0 ? '0' : formatFigure(at, unit))), ...(unit === 'count' ? { incrs: WHOLE } : {}) },
      ],
      series: [
        {},
        ...this.#lines.map(({ name, tone }, at): uPlot.Series => ({
          label: name, stroke: stroke(tone ?? at), width: 1.5, ...(isDashed(tone ?? at) ? { dash: [5, 4] } : {}),
          points: { show: false, size: 4, width: 0, fill: stroke(tone ?? at), filter: (plot, series) => lonely(plot.data[series] as (number | null)[]) },
        })),
        ...(this.#answer.before ? this.#lines : []).map(({ name, tone }, at): uPlot.Series => ({ label: name, stroke: stroke(tone ?? at), width: 1, alpha: 0.45, dash: [2, 3], points: { show: false } })),
      ],
      hooks: {
        draw: [(plot) => this.#drawMarks(plot)],
        setCursor: [(plot) => onpoint(plot.cursor.idx == null ? null : plot.data[0][plot.cursor.idx]! * 1000)],
        setSelect: [(plot) => {
          const { left, width } = plot.select;
          if (width < DRAG_PX_MIN) return;
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          onzoom(plot.posToVal(left, 'x') * 1000, plot.posToVal(left + width, 'x') * 1000);
        }],
      },
    };
  }

  #drawMarks({ ctx, bbox, scales, valToPos }: uPlot): void {
    const [from, to] = [scales['x']!.min!, scales['x']!.max!];
    const [ratio, bottom] = [devicePixelRatio, bbox.top + bbox.height];
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = this.#colours.text;
    ctx.lineWidth = ratio;
    ctx.setLineDash([2 * ratio, 2 * ratio]);
    ctx.font = `${10 * ratio}px "Instrument Sans", system-ui, sans-serif`;
    ctx.textBaseline = 'top';
    // The newest first: where names have no room beside each other the older ones go without.
    let free = Infinity; // of the names' line, up to here
    for (const { ms, name, isNew } of [...this.#marks].sort((a, b) => b.ms - a.ms)) {
      if (ms / 1000 < from || ms / 1000 > to) continue;
      const x = Math.round(valToPos(ms / 1000, 'x', true));
      ctx.beginPath();
      ctx.moveTo(x, isNew ? bbox.top : bottom - 8 * ratio);
      ctx.lineTo(x, bottom);
      ctx.stroke();
      if (!isNew) continue;
      const width = ctx.measureText(name).width + 6 * ratio;
      const isAtEnd = x + width > bbox.left + bbox.width;
      if ((isAtEnd ? x : x + width) > free) continue;
      free = isAtEnd ? x - width : x;
      ctx.textAlign = isAtEnd ? 'right' : 'left';
      ctx.fillText(name, x + (isAtEnd ? -4 : 4) * ratio, bbox.top);
    }
    ctx.restore();
  }
  mark(marks: readonly Mark[]): void {
    if (marks === this.#marks) return;
    this.#marks = marks;
    this.#plot.redraw(false);
  }

  draw(answer: Answer): void {
    if (this.#isDragged) this.#waiting = answer;
    if (this.#isDragged || answer === this.#answer) return;
    this.#answer = answer;
    this.#plot.setData(this.#data());
  }
  #release(): void {
    const waiting = this.#waiting;
    this.#isDragged = false;
    this.#waiting = null;
    if (waiting && !this.#gone.signal.aborted) this.draw(waiting);
  }
  show(hidden: ReadonlySet<string>): void {
    this.#lines.forEach(({ figure }, at) => {
      for (const series of [at + 1, at + 1 + this.#lines.length])
        if (this.#plot.series[series]?.show === hidden.has(figure)) this.#plot.setSeries(series, { show: !hidden.has(figure) });
    });
  }
  // Where another chart is pointed at, or the keyboard points.
  point(ms: number | null): void {
    const left = ms === null ? -10 : this.#plot.valToPos(ms / 1000, 'x');
    if (!this.#plot.over.matches(':hover') || ms === null) this.#plot.setCursor({ left, top: ms === null ? -10 : 0 }, false);
  }
  resize(): void {
    if (this.#box.clientWidth > 0 && this.#box.clientWidth !== this.#plot.width) this.#plot.setSize({ width: this.#box.clientWidth, height: HEIGHT_PX });
  }
  recolour(): void {
    this.#colours = readColours(this.#box);
    this.#plot.redraw(false);
  }
  destroy(): void {
    this.#gone.abort();
    this.#plot.destroy();
  }
}
