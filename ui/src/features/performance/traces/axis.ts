// Time across the waterfall: round ticks, and where a stretch lies between the ends of what is shown.
import type { Stretch } from './tree';

// The step of ticks that is round and of which no more than `count` fit.
export function tickStep(spanUs: number, count: number): number {
  const least = Math.max(1, spanUs / Math.max(1, count));
  // Minutes are sixty seconds: decimal steps end at ten of those.
  const sixties = [15e6, 30e6, 60e6, 120e6, 300e6, 600e6, 900e6, 1800e6, 3600e6];
  if (least > 10e6) return sixties.find((step) => step >= least) ?? Math.ceil(least / 3600e6) * 3600e6;
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((each) => each * power).find((step) => step >= least * (1 - 1e-9))!;
}

export function ticksOf({ fromUs, toUs }: Stretch, count: number): number[] {
  const step = tickStep(toUs - fromUs, count);
  const first = Math.ceil(fromUs / step);
  return Array.from({ length: Math.max(0, Math.floor(toUs / step) - first + 1) }, (_, at) => (first + at) * step);
}

// Of what is shown, in percent; null: nothing of it is in there.
export interface Place {
  from: number;
  width: number;
}
export function placeOf(stretch: Stretch, shown: Stretch): Place | null {
  const span = Math.max(1, shown.toUs - shown.fromUs);
  const [from, to] = [Math.max(stretch.fromUs, shown.fromUs), Math.min(stretch.toUs, shown.toUs)];
  if (to < from) return null;
  return { from: ((from - shown.fromUs) / span) * 100, width: ((to - from) / span) * 100 };
}

// A span with a little around it, so that its ends are seen.
const AROUND = 0.04;
export function around({ fromUs, toUs }: Stretch, totalUs: number): Stretch {
  const more = Math.max(1, (toUs - fromUs) * AROUND);
  return { fromUs: Math.max(0, fromUs - more), toUs: Math.min(totalUs, toUs + more) };
}

// Which rows of equal height are in sight, with some beyond, so that scrolling shows no empty ones.
export function windowOf(scrollTop: number, height: number, rowPx: number, count: number, beyond = 12): { first: number; end: number } {
  const first = Math.min(Math.max(0, Math.floor(scrollTop / rowPx) - beyond), Math.max(0, count - 1));
  return { first, end: Math.min(count, Math.ceil((scrollTop + height) / rowPx) + beyond) };
}

// Stretches so near one another that nobody sees what is between them are drawn as one.
const SEEN_PERCENT = 0.2;
export function drawn(stretches: readonly Stretch[], shown: Stretch): Place[] {
  const places: Place[] = [];
  for (const stretch of stretches) {
    const place = placeOf(stretch, shown);
    if (!place) continue;
    const last = places.at(-1);
    if (last && place.from - (last.from + last.width) < SEEN_PERCENT) last.width = place.from + place.width - last.from;
    else places.push(place);
  }
  return places;
}
