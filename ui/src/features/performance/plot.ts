// A chart on a canvas. It draws what it is given and says where the person points and which stretch was dragged over.
import type uPlot from 'uplot';
import type { Answer } from './batch';
import { isDashed, readColours, type Colours } from './colours';
import { drawMarks, type Mark } from './marks';
import type { Line } from './panels';
import { lonely, timesOf } from './series';
import { formatFigure, formatTick, type Unit } from './units';

export const HEIGHT_PX = 176;
// The same on all charts, so that one time is at one place on all of them.
export const AXIS_PX = 68;
const DRAG_PX_MIN = 5;
const FONT = '11px "Instrument Sans", system-ui, sans-serif';
// Of what is counted there are no halves, nor of bytes.
const WHOLE_UNITS: readonly Unit[] = ['count', 'bytes', 'bytesPerSecond'];
const WHOLE = Array.from({ length: 15 }, (_, power) => [1, 2, 5].map((first) => first * 10 ** power)).flat();

// Ticks of time that people read, seconds apart. The library's own leave out two, so that a narrow chart of five minutes had one.
const [MINUTE, HOUR, DAY] = [60, 3_600, 86_400];
const CLOCK = [...[1, 2, 5, 10, 15, 30].flatMap((count) => [count, count * MINUTE]), ...[1, 2, 3, 6, 12].map((count) => count * HOUR), ...[1, 2, 5, 10, 30].map((count) => count * DAY)].sort((a, b) => a - b);
const LETTER_PX = 6;
const PADDING_PX = 10;

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
    // None where it would be cut off by the chart's end.
    const whole = (plot: uPlot, at: number, label: string): string => (plot.valToPos(at, 'x') + (label.length * LETTER_PX) / 2 > plot.bbox.width / devicePixelRatio + PADDING_PX ? '' : label);
    const isWhole = WHOLE_UNITS.includes(unit);
    const stroke = (tone: number) => (): string => this.#colours.pigments[tone % this.#colours.pigments.length]!;
    return {
      width: this.#box.clientWidth,
      height: HEIGHT_PX,
      padding: [PADDING_PX, PADDING_PX, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: true, y: false, setScale: false }, points: { size: 7 }, bind: { dblclick: () => () => (onback(), null) } },
      scales: {
        x: { time: true, range: () => [this.#answer.span.fromMs / 1000, this.#answer.span.toMs / 1000] },
        y: { range: (_, _low, high) => [0, Math.max(isWhole ? 1 : 0, high) * 1.12 || 1] },
      },
      axes: [
        { stroke: text, font: FONT, size: 28, gap: 6, space: 72, grid: { show: false }, ticks: { stroke: rule, width: 1, size: 4 }, incrs: CLOCK, values: (plot, splits, _axis, _space, incr) => splits.map((at) => whole(plot, at, formatTick(at * 1000, incr * 1000))) },
        { stroke: text, font: FONT, size: AXIS_PX, gap: 8, space: 34, grid: { stroke: rule, width: 1 }, ticks: { show: false }, values: (_, splits) => splits.map((at) => (at === 0 ? '0' : formatFigure(at, unit))), ...(isWhole ? { incrs: WHOLE } : {}) },
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
        draw: [(plot) => drawMarks(plot, this.#marks, this.#colours)],
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
