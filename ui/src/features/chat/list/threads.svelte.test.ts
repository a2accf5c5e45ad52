import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Thread } from '$lib/api/chat-types';
import { Problem } from '$lib/api/problem';
import type { StudioEvent } from '$lib/api/types';
import { Undoable } from '$lib/state/undoable';
import { ChatServer } from '../../../../tests/fixtures/chat-server';
import { placed, Threads } from './threads.svelte';

type Ports = ConstructorParameters<typeof Threads>[0];
const thread = (id: string, used: number, more: Partial<Thread> = {}): Thread => ({ id, used_at: `2026-01-01T00:00:${String(used).padStart(2, '0')}Z`, revision: 1, is_pinned: false, is_archived: false, title: id, ...more }) as Thread;
const ids = (items: readonly Thread[]): string[] => items.map(({ id }) => id);
const tick = async (): Promise<void> => void (await vi.advanceTimersByTimeAsync(0));

describe('placed', () => {
  const list = [thread('p', 1, { is_pinned: true }), thread('c', 30), thread('b', 20), thread('a', 10)];
  it('puts a thread where it belongs: pinned first, then the one used last', () => {
    expect(ids(placed(list, thread('b', 40), false))).toEqual(['p', 'b', 'c', 'a']);
    expect(ids(placed(list, thread('n', 25), false))).toEqual(['p', 'c', 'n', 'b', 'a']);
    expect(ids(placed(list, thread('a', 10, { is_pinned: true }), false))).toEqual(['a', 'p', 'c', 'b']);
    expect(ids(placed(list, thread('c', 30, { is_archived: true }), false))).toEqual(['p', 'b', 'a']);
  });
  it('leaves what lies beyond what was read to the next page', () => {
    expect(ids(placed(list, thread('z', 5), true))).toEqual(['p', 'c', 'b', 'a']);
    expect(ids(placed(list, thread('z', 5), false))).toEqual(['p', 'c', 'b', 'a', 'z']);
    expect(ids(placed(list, thread('a', 5), true)), 'but keeps what was there').toEqual(['p', 'c', 'b', 'a']);
  });
  it('passes over what is older than what it knows', () => {
    expect(placed([thread('a', 1, { revision: 5 })], thread('a', 1, { revision: 4, title: 'old' }), false)[0]!.title).toBe('a');
  });
});

describe('Threads', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  async function home(count: number) {
    const server = new ChatServer();
    for (let at = 0; at < count; at += 1) server.create({ title: `Title ${at}` });
    const toasts: { text: string; action?: { run: () => void } | null }[] = [];
    const complaints: string[] = [];
    let hear: (events: StudioEvent[]) => void = () => {};
    const studio = {
      api: server.api,
      hub: { listen: (call: typeof hear) => ((hear = call), () => {}), onFresh: () => () => {} },
      complain: (error: Problem) => void complaints.push(error.code),
      toasts: { show: (toast: (typeof toasts)[number]) => toasts.push(toast) },
      deletions: new Undoable(),
      offline: { kept: null, load: async () => null },
    } as unknown as Ports;
    server.tell = (event) => hear([event]);
    const threads = new Threads(studio);
    threads.start();
    await tick();
    return { server, threads, toasts, complaints };
  }

  it('is read once and moved by events', async () => {
    const { server, threads } = await home(3);
    expect(ids(threads.shown)).toEqual(['t3', 't2', 't1']);
    server.calls = [];
    server.add('t1', {});
    server.create({ title: 'New' });
    expect(ids(threads.shown)).toEqual(['t4', 't1', 't3', 't2']);
    expect(server.calls).toEqual([]);
  });
  it('reads on when a title is looked for', async () => {
    const { threads } = await home(120);
    expect(threads.shown).toHaveLength(50);
    await threads.find('title 7');
    expect(ids(threads.shown)).toHaveLength(11);
    await threads.find('');
    expect(threads.shown).toHaveLength(120);
  });
  it('shows a rename at once and takes it back where it is refused', async () => {
    const { server, threads, complaints } = await home(1);
    server.before = (method) => {
      if (method === 'PATCH') throw new Problem({ code: 'offline' });
    };
    threads.rename(threads.shown[0]!, ' Better ');
    expect(threads.shown[0]!.title).toBe('Better');
    await tick();
    expect([threads.shown[0]!.title, complaints]).toEqual(['Title 0', ['offline']]);
    server.before = () => {};
    threads.rename(threads.shown[0]!, 'Best');
    await tick();
    expect(server.kept.get('t1')!.thread.title).toBe('Best');
  });
  it('deletes only once it can no longer be taken back', async () => {
    const { server, threads, toasts } = await home(2);
    threads.remove(threads.shown[0]!);
    expect(ids(threads.shown)).toEqual(['t1']);
    toasts[0]!.action!.run();
    expect(ids(threads.shown)).toEqual(['t2', 't1']);
    threads.remove(threads.shown[1]!);
    await vi.advanceTimersByTimeAsync(10_000);
    expect([ids(threads.shown), [...server.kept.keys()]]).toEqual([['t2'], ['t2']]);
  });
  it('lists what belongs where one looks', async () => {
    const { server, threads } = await home(3);
    await server.api.call('PATCH', '/api/threads/t1', { body: { folder: 'f' } });
    await server.api.call('PATCH', '/api/threads/t2', { body: { is_archived: true } });
    expect(ids(threads.shown)).toEqual(['t3', 't1']);
    threads.show({ folder: 'f' });
    threads.show('archived');
    await tick();
    expect(ids(threads.shown)).toEqual(['t2']);
    threads.bringBack(threads.shown[0]!);
    expect(threads.shown).toEqual([]);
    threads.show({ folder: 'f' });
    await tick();
    void threads.change(server.kept.get('t3')!.thread, { folder: 'f' });
    await tick();
    expect(ids(threads.shown)).toEqual(['t3', 't1']);
    server.add('t2', {});
    expect(ids(threads.shown)).toEqual(['t3', 't1']);
  });
  it('brings an archived one back', async () => {
    const { server, threads, toasts } = await home(2);
    void threads.archive(threads.shown[0]!);
    await tick();
    expect(ids(threads.shown)).toEqual(['t1']);
    toasts[0]!.action!.run();
    await tick();
    expect(ids(threads.shown)).toEqual(['t2', 't1']);
    expect(server.kept.get('t2')!.thread.is_archived).toBe(false);
  });
});
