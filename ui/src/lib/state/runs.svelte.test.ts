import { describe, expect, it } from 'vitest';
import { Api } from '../api/client';
import type { Run, Step, StudioEvent } from '../api/types';
import { mergeRun, Runs } from './runs.svelte';

const step = (node: string, state: Step['state'] = 'waiting'): Step => ({ node, type: 'story.segment', label: node, state, attempts: 1, is_cached: false, progress: { done: 0, total: 60 }, started_at: null, ended_at: null, error: null });
const run = (id: string, more: Partial<Run> = {}): Run => ({ id, kind: 'production.render', subject: 'p', title: 'T', state: 'running', priority: 0, created_at: '2026-01-01T00:00:00Z', ended_at: null, step_count: 2, done_count: 0, cached_count: 0, error: null, ...more });
const progress = (node: string, done: number): StudioEvent => ({ type: 'step.progress', data: { run: 'r', node, done, total: 60 } });

function known(): Runs {
  const runs = new Runs(new Api());
  runs.put(run('r', { steps: [step('a', 'running'), step('b')] }));
  return runs;
}

describe('Runs', () => {
  it('moves steps by events and changes nothing else', () => {
    const runs = known();
    const before = runs.find('r')!.steps!;
    runs.apply([progress('a', 5), progress('a', 9)]);
    const after = runs.find('r')!.steps!;
    expect(after[0]!.progress.done).toBe(9);
    expect(after[1]).toBe(before[1]);
  });
  it('keeps the steps when a run is told of without them', () => {
    const runs = known();
    runs.apply([{ type: 'run.changed', data: run('r', { done_count: 1 }) }]);
    expect(runs.find('r')).toMatchObject({ done_count: 1 });
    expect(runs.find('r')!.steps).toHaveLength(2);
  });
  it('never goes back from an end', () => {
    const runs = known();
    runs.apply([{ type: 'run.changed', data: run('r', { state: 'succeeded' }) }, { type: 'run.changed', data: run('r') }]);
    expect(runs.find('r')!.state).toBe('succeeded');
    runs.apply([{ type: 'step.changed', data: { run: 'r', step: step('a', 'succeeded') } }, progress('a', 3)]);
    expect(runs.find('r')!.steps![0]!.state).toBe('succeeded');
    expect(mergeRun(run('r', { done_count: 2 }), run('r', { done_count: 1 })).done_count).toBe(2);
  });
  it('lets a step run again when it is tried again', () => {
    const runs = known();
    runs.apply([{ type: 'step.changed', data: { run: 'r', step: step('a', 'failed') } }, { type: 'step.changed', data: { run: 'r', step: { ...step('a', 'running'), attempts: 2 } } }]);
    expect(runs.find('r')!.steps![0]!.state).toBe('running');
  });
  it('passes over progress of runs it knows no steps of', () => {
    const runs = new Runs(new Api());
    runs.put(run('r'));
    const before = runs.byId;
    runs.apply([progress('a', 5)]);
    expect(runs.byId).toBe(before);
  });
  it('says that a run waits, until it goes on', () => {
    const runs = known();
    const stalled = { code: 'storage_full', message: 'full' };
    runs.apply([{ type: 'run.stalled', data: run('r', { stalled }) }]);
    expect(runs.find('r')).toMatchObject({ stalled });
    expect(runs.find('r')!.steps).toHaveLength(2);
    runs.apply([{ type: 'run.changed', data: run('r') }]);
    expect(runs.find('r')!.stalled).toBeUndefined();
  });
  it('counts what is going on', () => {
    const runs = known();
    runs.put(run('s', { state: 'failed' }));
    expect(runs.active.map(({ id }) => id)).toEqual(['r']);
  });
});
