// When the page of performance asks for what: with a server that answers when the test says so, and a clock that it moves.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FigureQuery } from '$lib/api/figure-types';
import { Problem } from '$lib/api/problem';
import type { Studio } from '$lib/state/studio.svelte';
import type { First } from './first';
import { PerformanceState } from './performance.svelte';
import type { View } from './range';

const ROUTE = 'atelier_http_request_seconds{route="/api/models"}';
const MEMORY = 'atelier_process_resident_bytes:value';
const WISH = { figures: [MEMORY], points: 100 };
const live: View = { range: '5m', zoom: null };
const still = (hour: number): View => ({ range: '5m', zoom: { fromMs: Date.UTC(2026, 0, 1, hour), toMs: Date.UTC(2026, 0, 1, hour, 30) } });
const isSurvey = ({ figures }: FigureQuery): boolean => figures.some((figure) => figure.startsWith(ROUTE));

// `hold`: questions for lines wait until they are let go, or given up.
function house({ stepMs = (): number => 1000, hold = false, fails = (): boolean => false } = {}) {
  const asked: FigureQuery[] = [];
  const held: (() => void)[] = [];
  let lists = 0;
  const call = async (_method: string, _path: string, { body, signal }: { body?: FigureQuery; signal?: AbortSignal } = {}): Promise<unknown> => {
    if (!body) {
      lists += 1;
      return { items: [`${ROUTE}:rate`, `${ROUTE}:p95`, MEMORY], next: '' };
    }
    asked.push(body);
    if (hold && !isSurvey(body)) await new Promise<void>((resolve, reject) => {
      held.push(resolve);
      signal!.addEventListener('abort', () => reject(signal!.reason as Error));
    });
    if (fails()) throw new Problem({ code: 'offline' });
    return { from: body.from, step_ms: stepMs(), ran_seconds: [1, 1], lines: body.figures.map((figure) => ({ figure, points: [1, 1] })) };
  };
  const first: First = { view: live, askedMs: -Infinity, answer: new Promise(() => {}) };
  const state = new PerformanceState({ api: { call } } as unknown as Studio, first);
  return { state, asked, letGo: () => held.splice(0).forEach((go) => go()), lists: () => lists };
}
const moments = (ms = 100): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('document', { visibilityState: 'visible', addEventListener: () => {}, removeEventListener: () => {} });
  // A stream that is open and tells nothing but that it is.
  vi.stubGlobal('fetch', (_: string, { signal }: { signal: AbortSignal }) => {
    let beat: ReturnType<typeof setInterval>;
    const body = new ReadableStream<Uint8Array>({
      start: (stream) => {
        beat = setInterval(() => stream.enqueue(new TextEncoder().encode(': \n\n')), 1000);
        signal.addEventListener('abort', () => (clearInterval(beat), stream.error(signal.reason)));
      },
      cancel: () => clearInterval(beat),
    });
    return Promise.resolve(new Response(body));
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('PerformanceState', () => {
  it('tells of all routes in the time that was chosen last', async () => {
    const { state, asked, letGo } = house({ hold: true });
    state.show(still(1), false);
    void state.start();
    state.want('memory', WISH);
    state.lookAtRoutes(true);
    await moments(2000);
    state.show(still(2), false);
    await moments();
    letGo();
    await moments();
    expect(asked.filter(isSurvey).map(({ from }) => from)).toEqual(['2026-01-01T02:00:00.000Z']);
    expect(state.survey.rows).toHaveLength(1);
    state.dispose();
  });
  it('forgets that the routes could not be read once they were', async () => {
    let isDown = false;
    const { state } = house({ fails: () => isDown });
    state.show(live, false);
    void state.start();
    state.want('memory', WISH);
    state.lookAtRoutes(true);
    await moments(2000);
    expect([state.problem, state.survey.rows?.length]).toEqual([null, 1]);
    isDown = true;
    await moments(31_000);
    expect(state.problem?.code).toBe('offline');
    isDown = false;
    await moments(31_000);
    expect(state.problem, 'though the lines are told and never read again').toBeNull();
    isDown = true;
    await moments(31_000);
    expect(state.problem?.code).toBe('offline');
    isDown = false;
    void state.retry();
    await moments();
    expect(state.problem, 'once somebody asks for it').toBeNull();
    state.dispose();
  });
  it('says of both times that are compared at once that they could not be read', async () => {
    const { state, asked } = house({ fails: () => true });
    state.show(live, true);
    void state.start();
    state.want('memory', WISH);
    await moments(2000);
    expect([asked.length >= 2, state.problem?.code]).toEqual([true, 'offline']);
    state.dispose();
  });
  it('tells how fine the points are that are drawn now', async () => {
    let stepMs = 1000;
    const { state } = house({ stepMs: () => stepMs });
    state.show(live, false);
    void state.start();
    state.want('memory', WISH);
    const leave = state.want('routes', WISH);
    await moments(2000);
    expect(state.lines.latest?.stepMs).toBe(1000);
    leave();
    stepMs = 60_000;
    state.show({ range: '24h', zoom: null }, false);
    await moments();
    expect([state.lines.latest?.stepMs, state.lines.of('memory')?.stepMs]).toEqual([60_000, 60_000]);
    state.dispose();
  });
  it('ends where it is left before the first charts are there', async () => {
    const { state, asked, lists } = house();
    state.show(live, false);
    const started = state.start();
    state.want('memory', WISH)();
    state.dispose();
    await moments(1500);
    await started;
    const before = [asked.length, lists()];
    expect(vi.getTimerCount()).toBe(0);
    await moments(60_000);
    expect([asked.length, lists()]).toEqual(before);
  });
});
