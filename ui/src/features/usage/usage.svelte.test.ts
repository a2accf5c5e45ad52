import { describe, expect, it } from 'vitest';
import { Problem } from '$lib/api/problem';
import type { Studio } from '$lib/state/studio.svelte';
import { UsageState } from './usage.svelte';

// A server that answers by what is asked, and refuses while `isDown`.
function state() {
  const server = { isDown: false, calls: [3, 2, 1] };
  const call = async (_method: string, path: string): Promise<unknown> => {
    if (server.isDown) throw new Problem({ code: 'busy' });
    const items = path.startsWith('/api/calls') ? server.calls.map((number) => ({ number })) : [];
    return { items, next: '', from: '2026-03-01', to: '2026-03-02' };
  };
  const studio = { api: { call }, session: { now: { role: 'member' } }, complain: () => {} } as unknown as Studio;
  return { server, usage: new UsageState(studio) };
}

describe('UsageState', () => {
  it('keeps what is shown when reading it again fails', async () => {
    const { server, usage } = state();
    await usage.show(30, 'day');
    server.isDown = true;
    await usage.load();
    expect(usage.page?.by).toBe('day');
    expect(usage.problem?.code).toBe('busy');
  });
  it('shows nothing of another question when one cannot be read', async () => {
    const { server, usage } = state();
    await usage.show(30, 'day');
    await usage.showCalls('any');
    server.isDown = true;
    await usage.show(30, 'key');
    await usage.showCalls('failed');
    expect([usage.page, usage.calls, usage.areCallsRead, usage.callsProblem?.code]).toEqual([null, [], false, 'busy']);
    server.isDown = false;
    await usage.show(30, 'key');
    await usage.showCalls('failed');
    expect([usage.page?.by, usage.calls.length, usage.problem, usage.callsProblem]).toEqual(['key', 3, null, null]);
  });
});
