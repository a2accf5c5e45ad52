import type { Api } from '../api/client';
import type { Run, Step, StudioEvent } from '../api/types';

type Steps = readonly Step[];
const ENDED: ReadonlySet<string> = new Set(['succeeded', 'failed', 'cancelled']);
// Made by looking at a scene, many and short: nobody follows them.
const UNSEEN: ReadonlySet<string> = new Set(['production.preview']);

// A run told of late never goes back: what has ended stays ended, what is done stays done.
export function mergeRun(known: Run | undefined, told: Run): Run {
  if (!known) return told;
  if (ENDED.has(known.state) && !ENDED.has(told.state)) return known;
  const steps = told.steps ?? known.steps;
  const { stalled: _stalled, ...facts } = known; // as told, and no longer when it is not
  return { ...facts, ...told, done_count: Math.max(known.done_count, told.done_count), ...(steps ? { steps } : {}) };
}

export function mergeStep(steps: Steps, told: Step): Step[] {
  const at = steps.findIndex((step) => step.node === told.node);
  if (at < 0) return [...steps, told];
  const known = steps[at]!;
  if (ENDED.has(known.state) && !ENDED.has(told.state) && told.attempts <= known.attempts) return steps as Step[];
  return steps.with(at, told);
}

// Every run the page knows of, moved by events.
export class Runs {
  byId = $state.raw<Readonly<Record<string, Run>>>({});
  readonly active = $derived(Object.values(this.byId).filter((run) => run.state === 'running'));
  #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  find(id: string | undefined): Run | undefined {
    return id ? this.byId[id] : undefined;
  }

  put(...runs: Run[]): void {
    const next = { ...this.byId };
    for (const run of runs) next[run.id] = mergeRun(next[run.id], run);
    this.byId = next;
  }

  // With its steps: what a list gives has none.
  async load(id: string): Promise<Run> {
    const run = await this.#api.run(id);
    this.put(run);
    return run;
  }

  apply(events: readonly StudioEvent[]): void {
    const next: Record<string, Run> = { ...this.byId };
    // Steps of a run are copied once however many of its events came in this frame.
    const fresh = new Map<string, Step[]>();
    const stepsOf = (id: string): Step[] | null => {
      const known = fresh.get(id) ?? next[id]?.steps?.slice();
      if (!known) return null;
      fresh.set(id, known);
      return known;
    };
    let isChanged = false;
    for (const event of events) {
      if (event.type === 'run.changed' || event.type === 'run.stalled') {
        if (UNSEEN.has(event.data.kind)) continue;
        next[event.data.id] = mergeRun(next[event.data.id], event.data);
        if (event.data.steps) fresh.set(event.data.id, event.data.steps.slice());
      } else if (event.type === 'step.changed') {
        const steps = stepsOf(event.data.run);
        if (!steps) continue;
        fresh.set(event.data.run, mergeStep(steps, event.data.step));
      } else if (event.type === 'step.progress') {
        const steps = stepsOf(event.data.run);
        const at = steps?.findIndex((step) => step.node === event.data.node) ?? -1;
        const step = steps?.[at];
        if (!steps || !step || ENDED.has(step.state)) continue;
        steps[at] = { ...step, state: 'running', progress: { done: event.data.done, total: event.data.total } };
      } else continue;
      isChanged = true;
    }
    if (!isChanged) return;
    for (const [id, steps] of fresh) if (next[id]) next[id] = { ...next[id], steps };
    this.byId = next;
  }
}
