// When which version was started, drawn into a chart.
import type uPlot from 'uplot';
import type { Colours } from './colours';

// Drawn through the chart where it is another version than before, and else at its foot.
export interface Mark {
  ms: number;
  name: string;
  isNew: boolean;
}

const FOOT_PX = 8;

// All that is drawn is in pixels of the device: `ratio` of them are one of the page.
export function drawMarks({ ctx, bbox, scales, valToPos }: uPlot, marks: readonly Mark[], colours: Colours): void {
  const [ratio, bottom] = [devicePixelRatio, bbox.top + bbox.height];
  const [from, to] = [scales['x']!.min! * 1000, scales['x']!.max! * 1000];
  const shown = marks.filter(({ ms }) => ms >= from && ms <= to).map((mark) => ({ ...mark, x: Math.round(valToPos(mark.ms / 1000, 'x', true)) }));
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colours.text;
  ctx.lineWidth = ratio;
  ctx.setLineDash([2 * ratio, 2 * ratio]);
  for (const { x, isNew } of shown) {
    ctx.beginPath();
    ctx.moveTo(x, isNew ? bbox.top : bottom - FOOT_PX * ratio);
    ctx.lineTo(x, bottom);
    ctx.stroke();
  }
  ctx.font = `${10 * ratio}px "Instrument Sans", system-ui, sans-serif`;
  ctx.textBaseline = 'top';
  // Lines behind a name go around it.
  ctx.strokeStyle = colours.paper;
  ctx.lineWidth = 4 * ratio;
  ctx.setLineDash([]);
  // The newest first: where names have no room beside each other the older ones go without.
  let free = Infinity; // of the names' line, up to here
  for (const { x, name } of shown.filter(({ isNew }) => isNew).sort((a, b) => b.ms - a.ms)) {
    const width = ctx.measureText(name).width + 6 * ratio;
    const isAtEnd = x + width > bbox.left + bbox.width;
    if ((isAtEnd ? x : x + width) > free) continue;
    free = isAtEnd ? x - width : x;
    ctx.textAlign = isAtEnd ? 'right' : 'left';
    const place = x + (isAtEnd ? -4 : 4) * ratio;
    ctx.strokeText(name, place, bbox.top);
    ctx.fillText(name, place, bbox.top);
  }
  ctx.restore();
}
