// How far a run is, how fast it goes and how long it has to go, out of what is told of its steps.
import type { Run, Step } from '../api/types';

const isEnded = (step: Step): boolean => step.state === 'succeeded' || step.state === 'failed' || step.state === 'cancelled';

// What a step is worth before its length is known: a picture segment is most of the work.
function weightOf(step: Step): number {
  if (step.type.includes('segment')) return 10;
  if (step.type.includes('soundtrack') || step.type.includes('assemble')) return 3;
  return 1;
}

export const isOfFrames = (step: Step): boolean => step.type.includes('segment');

export function fractionOf(run: Run): number {
  if (run.state === 'succeeded') return 1;
  if (!run.steps?.length) return run.step_count > 0 ? run.done_count / run.step_count : 0;
  let done = 0;
  let all = 0;
  for (const step of run.steps) {
    const weight = weightOf(step);
    all += weight;
    if (isEnded(step)) done += weight;
    else if (step.state === 'running' && step.progress.total > 0) done += weight * Math.min(1, step.progress.done / step.progress.total);
  }
  return all > 0 ? done / all : 0;
}

export const framesDone = (run: Run): number =>
  (run.steps ?? []).reduce((sum, step) => (isOfFrames(step) && !step.is_cached ? sum + step.progress.done : sum), 0);

const WINDOW_MS = 4000;
const FIRST_GUESS_MS = 1200;

interface Sample {
  at: number;
  fraction: number;
  frames: number;
}

// Keeps a short history of one run. `now` is given, so that it is tested without a clock.
export class Pace {
  #samples: Sample[] = [];
  #first: Sample | null = null;

  add(run: Run, now: number): void {
    const last = this.#samples[this.#samples.length - 1];
    if (last && now - last.at < 200) return;
    const sample = { at: now, fraction: fractionOf(run), frames: framesDone(run) };
    this.#first ??= sample;
    this.#samples.push(sample);
    while (this.#samples.length > 2 && now - this.#samples[0]!.at > WINDOW_MS) this.#samples.shift();
  }

  get framesPerSecond(): number | null {
    const [first, last] = [this.#samples[0], this.#samples[this.#samples.length - 1]];
    if (!first || !last || last.at - first.at < 500 || last.frames <= first.frames) return null;
    return ((last.frames - first.frames) * 1000) / (last.at - first.at);
  }

  get leftMs(): number | null {
    const last = this.#samples[this.#samples.length - 1];
    if (!this.#first || !last || last.at - this.#first.at < FIRST_GUESS_MS) return null;
    const made = last.fraction - this.#first.fraction;
    if (made < 0.02 || last.fraction >= 1) return null;
    return ((1 - last.fraction) * (last.at - this.#first.at)) / made;
  }
}
