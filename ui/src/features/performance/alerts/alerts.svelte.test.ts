// What the page shows of alerts, with a server that answers when the test says so, and a clock that it moves.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Studio } from '$lib/state/studio.svelte';
import { AlertsState } from './alerts.svelte';

const alert = (id: string) => ({ id });
const moments = (ms = 10): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

function house() {
  const asked: string[] = [];
  const held: (() => void)[] = [];
  const server = { firing: [alert('a')], resolved: Array.from({ length: 50 }, (_, at) => alert(`r${at}`)), isHeld: false };
  const call = async (_method: string, path: string, { signal }: { signal?: AbortSignal } = {}): Promise<unknown> => {
    asked.push(path);
    const query = new URL(path, 'http://studio').searchParams;
    const [from, limit] = [Number(query.get('after') ?? 0), Number(query.get('limit'))];
    if (server.isHeld) await new Promise<void>((resolve, reject) => {
      held.push(resolve);
      signal?.addEventListener('abort', () => reject(signal.reason as Error));
    });
    const all = query.get('state') === 'firing' ? server.firing : server.resolved;
    return { items: all.slice(from, from + limit), next: from + limit < all.length ? String(from + limit) : '', firing: server.firing.length };
  };
  let told: (events: { type: string }[]) => void = () => {};
  const studio = { api: { call }, hub: { listen: (hear: typeof told) => ((told = hear), () => {}), onFresh: () => () => {} }, alerts: { firing: 0, urgent: 0 }, complain: () => {} };
  const state = new AlertsState(studio as unknown as Studio);
  return { state, server, asked, letGo: (at: number) => held[at]!(), tell: () => told([{ type: 'alert.changed' }]), idsOf: (all: readonly { id: string }[] | null) => all?.map(({ id }) => id) };
}

let visibility = 'visible';
let sight: (() => void)[] = [];
beforeEach(() => {
  vi.useFakeTimers();
  [visibility, sight] = ['visible', []];
  vi.stubGlobal('document', {
    get visibilityState() {
      return visibility;
    },
    addEventListener: (_: string, call: () => void) => sight.push(call),
    removeEventListener: (_: string, call: () => void) => (sight = sight.filter((each) => each !== call)),
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('AlertsState', () => {
  it('shows the newest answer, whichever comes last', async () => {
    const { state, server, letGo, tell, idsOf } = house();
    server.isHeld = true;
    const end = state.start();
    await moments();
    tell();
    await moments();
    server.firing = [alert('a'), alert('b')];
    letGo(1);
    await moments();
    server.firing = [alert('a')];
    letGo(0);
    await moments();
    expect(idsOf(state.firing)).toEqual(['a', 'b']);
    end();
  });
  it('reads again every half a minute while it is in sight, and once it is again', async () => {
    const { state, asked } = house();
    const end = state.start();
    await moments(61_000);
    expect(asked).toHaveLength(3);
    visibility = 'hidden';
    await moments(120_000);
    expect(asked).toHaveLength(3);
    visibility = 'visible';
    sight.forEach((call) => call());
    await moments(31_000);
    expect(asked).toHaveLength(5);
    end();
  });
  it('asks for nothing more once it is left, also while it is being read', async () => {
    const { state, server, asked, letGo } = house();
    server.isHeld = true;
    const end = state.start();
    await moments();
    end();
    letGo(0);
    await moments(120_000);
    expect([asked.length, vi.getTimerCount(), sight.length]).toEqual([1, 0, 0]);
  });
  it('keeps the earlier ones that were read, each once, when it reads again', async () => {
    const { state, server, tell, idsOf } = house();
    const end = state.start();
    await state.toggleEarlier();
    await Promise.all([state.more(), state.more()]);
    const shown = server.resolved.slice(0, 40).map(({ id }) => id);
    expect(idsOf(state.earlier)).toEqual(shown);
    tell();
    await moments();
    expect([idsOf(state.earlier), state.hasMore]).toEqual([shown, true]);
    await state.more();
    expect([state.earlier?.length, state.hasMore]).toEqual([50, false]);
    end();
  });
  it('does not show earlier ones again that were hidden meanwhile', async () => {
    const { state, server, tell, letGo } = house();
    const end = state.start();
    await state.toggleEarlier();
    server.isHeld = true;
    tell();
    await moments();
    letGo(0);
    await moments();
    await state.toggleEarlier();
    letGo(1);
    await moments();
    expect(state.earlier).toBeNull();
    end();
  });
});
