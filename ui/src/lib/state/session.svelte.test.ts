import { describe, expect, it } from 'vitest';
import type { Api } from '../api/client';
import { Problem } from '../api/problem';
import type { Session } from '../api/types';
import { SessionState } from './session.svelte';

function house() {
  const kept = new Map<string, string>();
  const storage = { getItem: (name: string) => kept.get(name) ?? null, setItem: (name: string, value: string) => void kept.set(name, value), removeItem: (name: string) => void kept.delete(name) };
  const told: string[] = [];
  const state = { now: { authenticated: true, role: 'owner', needs_key: true, csrf: 'c' } as Session, isOff: false };
  const answer = async (): Promise<Session> => {
    if (state.isOff) throw new Problem({ code: 'offline' });
    return state.now;
  };
  const api = { csrf: '', session: answer, signIn: answer, signInAs: answer, signOut: answer, onUnauthorized: () => {} } as unknown as Api;
  const open = (): SessionState => new SessionState(api, () => told.push('in'), async () => void told.push('forget'), storage);
  return { kept, told, state, api, open };
}

describe('SessionState', () => {
  it('is who it was where nobody can be asked, and nobody where nobody was here', async () => {
    const { state, api, open } = house();
    state.isOff = true;
    const first = open();
    await first.load();
    expect([first.now, first.problem?.code]).toEqual([null, 'offline']);
    state.isOff = false;
    await open().load();
    state.isOff = true;
    api.csrf = '';
    const next = open();
    await next.load();
    expect([next.isAssumed, next.mustSignIn, next.now?.role, next.problem, api.csrf]).toEqual([true, false, 'owner', null, '']);
    state.isOff = false;
    await next.load();
    expect([next.isAssumed, api.csrf]).toEqual([false, 'c']);
  });
  it('forgets who it was once the server says no, or they sign out', async () => {
    const { kept, told, api, state, open } = house();
    const session = open();
    await session.load();
    api.onUnauthorized();
    expect([session.mustSignIn, kept.has('atelier.session'), told]).toEqual([true, false, ['in']]);
    await session.load();
    await session.signOut();
    expect([kept.has('atelier.session'), told]).toEqual([false, ['in', 'in', 'forget']]);
    state.isOff = true;
    const next = open();
    await next.load();
    expect(next.now).toBeNull();
  });
  it('knows a person by who they are, however they signed in', async () => {
    const { told, state, open } = house();
    const session = open();
    state.now = { ...state.now, user: { id: 'u1', name: 'Ada' } };
    await session.signIn('Ada', 'a password');
    await session.signIn('', 'a key of hers');
    expect(told).toEqual(['forget', 'in', 'in']);
    state.now = { ...state.now, user: { id: 'u2', name: 'Bob' } };
    await session.enter(state.now);
    expect(told).toEqual(['forget', 'in', 'in', 'forget', 'in']);
  });
  it('lets the same person find what is theirs, and nobody else', async () => {
    const { kept, told, open } = house();
    const session = open();
    await session.signIn('', 'one key');
    await session.signIn('', 'one key');
    expect(told).toEqual(['forget', 'in', 'in']);
    await session.signIn('', 'another key');
    expect(told).toEqual(['forget', 'in', 'in', 'forget', 'in']);
    expect([...kept.values()].join(), 'the key is not kept').not.toMatch(/one key|another/);
  });
});
