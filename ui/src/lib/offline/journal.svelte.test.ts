import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ChatServer } from '../../../tests/fixtures/chat-server';
import { Problem } from '../api/problem';
import { Journal, SILENCE_MS, type Told, type Waiting, type Written } from './journal.svelte';
import { MemoryTable, type Table } from './table';

const say = (text: string) => [{ type: 'text' as const, text }];
const offline = (): never => {
  throw new Problem({ code: 'offline' });
};
const message = (key: string, lane: string, parent: number | null = 0): Written => ({ key, lane, message: { parent, parts: say(key) } });

// Tabs of one browser: each has a journal, all have one table.
function browser(server = new ChatServer(), hasLocks = true) {
  const table = new MemoryTable<Waiting>('key');
  const tabs = new Set<Journal>();
  const gone = new Set<Journal>();
  const locks = new Map<string, Promise<void>>();
  const state = { isOnline: true, now: 1_800_000_000_000 };
  async function open(own: Table<Waiting> = table): Promise<{ journal: Journal; told: Told[] }> {
    const told: Told[] = [];
    const journal: Journal = new Journal({
      call: server.api.call,
      table: own,
      canSend: () => state.isOnline && !gone.has(journal),
      now: () => state.now,
      random: () => 0.5,
      alone: (name, work) => {
        if (!hasLocks) return work();
        const next = (locks.get(name) ?? Promise.resolve()).then(work);
        locks.set(name, next.catch(() => {}));
        return next;
      },
      tell: () => tabs.forEach((tab) => tab !== journal && void tab.hearOthers()),
    });
    journal.listen((each) => told.push(each));
    tabs.add(journal);
    await journal.start();
    journal.wake();
    return { journal, told };
  }
  const textsAt = (id: string): string[] => server.kept.get(id)!.messages.filter(({ role }) => role === 'user').map(({ parts }) => (parts[0] as { text: string }).text);
  return { server, table, state, open, textsAt, close: (journal: Journal) => (tabs.delete(journal), gone.add(journal)) };
}
const soon = (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe('Journal', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is empty again once the server has what was sent', async () => {
    const { server, open, table, textsAt } = browser();
    const { journal } = await open();
    const { id } = server.create();
    const said = await journal.post(message('a', id));
    expect(said?.messages.map(({ number }) => number)).toEqual([1, 2]);
    await soon();
    expect([journal.entries, await table.all(), textsAt(id)]).toEqual([[], [], ['a']]);
  });
  it('says after five seconds of silence that it waits, and takes the answer that comes after all', async () => {
    const { server, open, textsAt } = browser();
    const { journal, told } = await open();
    const { id } = server.create();
    let go = (): void => {};
    server.before = () => new Promise<void>((resolve) => (go = resolve));
    let answer: unknown = 'none';
    void journal.post(message('a', id)).then((said) => (answer = said));
    await soon(SILENCE_MS - 1);
    expect([answer, journal.entries[0]!.state]).toEqual(['none', 'sending']);
    await soon(1);
    expect([answer, journal.entries[0]!.state]).toEqual([null, 'waiting']);
    go();
    await soon();
    expect([journal.entries, textsAt(id), told.map(({ kind }) => kind)]).toEqual([[], ['a'], ['sent', 'ended']]);
  });
  it('sends what waits in order, below one another, and once, however often a try is cut off', async () => {
    const { server, open, textsAt } = browser();
    const { journal } = await open();
    const { id } = server.create();
    server.before = offline;
    await journal.post(message('a', id));
    await journal.post(message('b', id, null));
    await journal.post(message('c', id, null));
    expect(journal.entries.map(({ key, state }) => `${key} ${state}`)).toEqual(['a waiting', 'b waiting', 'c waiting']);
    // It arrives, and the answer is lost on its way back.
    let isCut = true;
    server.before = () => {};
    const { call } = server.api;
    vi.spyOn(server.api, 'call').mockImplementation(async (...args) => {
      const answer = await call(...(args as Parameters<typeof call>));
      if (isCut && !(isCut = false)) offline();
      return answer as never;
    });
    const { journal: late } = await open();
    for (let turn = 0; turn < 12; turn += 1) {
      await soon(10_000);
      const open = server.kept.get(id)!.messages.find(({ state }) => state === 'answering');
      if (open) server.finish(id, open.number);
    }
    expect([journal.entries, late.entries]).toEqual([[], []]);
    expect(textsAt(id)).toEqual(['a', 'b', 'c']);
    expect(server.branch(id).map(({ number }) => number), 'one below the other').toEqual([1, 2, 3, 4, 5, 6]);
  });
  it('goes on after a reload', async () => {
    const { server, state, open, close, textsAt } = browser();
    const { journal } = await open();
    const { id } = server.create();
    state.isOnline = false;
    await journal.post(message('a', id));
    await journal.post(message('b', id, null));
    close(journal);
    const { journal: next } = await open();
    expect(next.entries.map(({ key }) => key)).toEqual(['a', 'b']);
    state.isOnline = true;
    next.wake();
    await soon();
    expect(next.entries, 'b is too early').toMatchObject([{ key: 'b', state: 'waiting', why: { code: 'thread_busy' } }]);
    server.finish(id, 2);
    next.wake(id);
    await soon();
    expect([next.entries, textsAt(id)]).toEqual([[], ['a', 'b']]);
  });
  it.each([true, false])('says each thing once from two tabs, with locks: %s', async (hasLocks) => {
    const { server, state, open, textsAt } = browser(new ChatServer(), hasLocks);
    const [{ journal: one }, { journal: two }] = [await open(), await open()];
    const { id } = server.create();
    state.isOnline = false;
    await one.post(message('a', id));
    await soon(1);
    expect(two.entries.map(({ key }) => key)).toEqual(['a']);
    await two.post(message('b', id, null));
    await soon(1);
    state.isOnline = true;
    one.wake();
    two.wake();
    await soon();
    server.finish(id, 2);
    await soon(60_000);
    expect([one.entries, two.entries, textsAt(id)]).toEqual([[], [], ['a', 'b']]);
    if (hasLocks) expect(server.calls.filter((call) => call.startsWith('POST')).length, 'b was too early, in each').toBeLessThanOrEqual(4);
  });
  it('makes the thread first, and once', async () => {
    const { server, open } = browser();
    const { journal, told } = await open();
    server.before = (_method, path) => void (path.endsWith('/messages') && offline());
    const create = { create: { body: { model: 'lab/m' }, key: 'thread' } };
    await journal.post({ ...message('a', 'new:thread'), ...create });
    await journal.post({ ...message('b', journal.entries[0]!.lane, null) });
    expect([server.kept.size, journal.entries.map(({ lane }) => lane)]).toEqual([1, ['t1', 't1']]);
    server.before = () => {};
    journal.wake();
    await soon();
    server.finish('t1', 2);
    await soon(60_000);
    expect([server.kept.size, server.kept.get('t1')!.messages.length, journal.entries]).toEqual([1, 4, []]);
    expect(told.filter(({ kind }) => kind === 'created')).toHaveLength(1);
  });
  it('throws what is refused at once, and shows what is refused later', async () => {
    const { server, open } = browser();
    const { journal } = await open();
    const { id } = server.create();
    const refuse = (): never => {
      throw new Problem({ status: 400, code: 'parameter_invalid', title: 'No', detail: 'no model is chosen' });
    };
    server.before = refuse;
    await expect(journal.post(message('a', id))).rejects.toMatchObject({ code: 'parameter_invalid' });
    expect(journal.entries).toEqual([]);
    server.before = offline;
    await journal.post(message('b', id));
    await journal.post(message('c', id, null));
    server.before = refuse;
    journal.wake();
    await soon();
    expect(journal.entries.map(({ key, state, why }) => [key, state, why?.detail])).toEqual([['b', 'refused', 'no model is chosen'], ['c', 'waiting', undefined]]);
    server.calls = [];
    await soon(120_000);
    expect(server.calls, 'it stops there').toEqual([]);
    // What followed it follows what it followed.
    server.before = () => {};
    journal.discard('b');
    await soon();
    expect([journal.entries, server.kept.get(id)!.messages.map(({ parent }) => parent)]).toEqual([[], [0, 1]]);
  });
  it('does not ask while there is no session, and goes on when one begins', async () => {
    const { server, open, textsAt } = browser();
    const { journal } = await open();
    const { id } = server.create();
    server.before = () => {
      throw new Problem({ status: 401, code: 'unauthenticated' });
    };
    expect(await journal.post(message('a', id))).toBeNull();
    server.calls = [];
    await soon(300_000);
    expect(server.calls).toEqual([]);
    server.before = () => {};
    journal.wake();
    await soon();
    expect(textsAt(id)).toEqual(['a']);
  });
  it('keeps changes of a thread as one, and shows it as it will be', async () => {
    const { server, state, open } = browser();
    const { journal } = await open();
    const thread = server.create();
    state.isOnline = false;
    journal.keepChange(thread.id, { title: 'One' }, 'k1');
    journal.keepChange(thread.id, { title: 'Two', is_pinned: true }, 'k2');
    expect([journal.entries.length, journal.changed(thread)]).toEqual([1, { ...thread, title: 'Two', is_pinned: true }]);
    state.isOnline = true;
    journal.wake();
    await soon();
    expect([journal.entries, server.kept.get(thread.id)!.thread]).toMatchObject([[], { title: 'Two', is_pinned: true }]);
  });
  it('is bounded, and does not send by itself what is a week old', async () => {
    const { server, state, open, close } = browser();
    const { journal } = await open();
    const { id } = server.create();
    state.isOnline = false;
    await journal.post(message('old', id));
    await soon();
    close(journal);
    state.now += 8 * 86_400_000;
    state.isOnline = true;
    const { journal: next } = await open();
    await soon(60_000);
    expect(next.entries).toMatchObject([{ key: 'old', state: 'refused', why: { code: 'waited_too_long' } }]);
    next.again('old');
    await soon();
    expect(next.entries).toEqual([]);
    state.isOnline = false;
    const [a, b] = [server.create().id, server.create().id];
    await next.post({ ...message('large', a), message: { parent: 0, parts: say('x'.repeat(15 << 20)) } });
    expect(() => next.post({ ...message('more', b), message: { parent: 0, parts: say('x'.repeat(2 << 20)) } })).toThrow('Too much waits');
    for (let at = 1; at < 200; at += 1) await next.post(message(`k${at}`, b, null));
    expect(() => next.post(message('one more', b))).toThrow('Too much waits');
  });
  it('works where the browser keeps nothing', async () => {
    const { server, open, textsAt } = browser();
    const broken: Table<Waiting> = { all: () => Promise.reject(new Error('no')), get: () => Promise.reject(new Error('no')), change: () => Promise.reject(new Error('full')), clear: () => Promise.reject(new Error('no')) };
    const { journal } = await open(broken);
    const { id } = server.create();
    server.before = offline;
    await journal.post(message('a', id));
    server.before = () => {};
    journal.wake();
    await soon();
    expect([journal.entries, textsAt(id)]).toEqual([[], ['a']]);
  });
  it('forgets everything when it is cleared', async () => {
    const { server, state, open, table } = browser();
    const { journal } = await open();
    state.isOnline = false;
    await journal.post(message('a', server.create().id));
    await journal.clear();
    state.isOnline = true;
    server.calls = [];
    await soon(120_000);
    expect([journal.entries, await table.all(), server.calls]).toEqual([[], [], []]);
  });
});
