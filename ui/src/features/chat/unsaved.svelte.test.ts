// What a room shows of messages that the server does not have yet.
import { describe, expect, it } from 'vitest';
import { Problem } from '$lib/api/problem';
import type { StudioEvent } from '$lib/api/types';
import { Journal, type Waiting } from '$lib/offline/journal.svelte';
import type { Kept } from '$lib/offline/kept';
import { MemoryTable } from '$lib/offline/table';
import { KeptThreads, type KeptRow } from '$lib/offline/threads';
import { ChatServer } from '../../../tests/fixtures/chat-server';
import { ThreadRoom } from './room.svelte';

type Ports = ConstructorParameters<typeof ThreadRoom>[0];
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 6; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
const say = (text: string) => [{ type: 'text' as const, text }];
const nothing = (): void => {};

async function house() {
  const server = new ChatServer();
  const paths: string[] = [];
  const listeners = new Set<(events: StudioEvent[]) => void>();
  const journal = new Journal({ call: server.api.call, table: new MemoryTable<Waiting>('key'), canSend: () => true, now: () => 0, random: () => 0, alone: (_name, work) => work(), tell: nothing });
  const threads = new KeptThreads(new MemoryTable<KeptRow>('id'), () => 7);
  const kept: Kept = { journal, threads, clear: async () => {} };
  const studio = {
    api: server.api,
    hub: { listen: (call: (events: StudioEvent[]) => void) => (listeners.add(call), () => listeners.delete(call)), onFresh: () => nothing },
    router: { go: (path: string) => paths.push(path) },
    offline: { kept, load: async () => kept },
    complain: nothing,
  } as unknown as Ports;
  server.tell = (event) => listeners.forEach((call) => call([event]));
  const net = { cut: (): void => void (server.before = () => { throw new Problem({ code: 'offline' }); }), mend: (): void => void (server.before = nothing) };
  const open = async (id: string): Promise<ThreadRoom> => {
    const room = new ThreadRoom(studio, id);
    room.start();
    await settle();
    room.follow(kept);
    return room;
  };
  return { server, journal, threads, paths, net, open };
}
const textsOf = (room: ThreadRoom): string[] => room.shown.map(({ text }) => text);
const unsavedOf = (room: ThreadRoom): string[] => room.unsaved.map(({ entry }) => entry.text);

describe('ThreadRoom with a journal', () => {
  it('shows behind the branch what waits, and takes it in as it arrives', async () => {
    const { server, journal, net, open } = await house();
    const { id } = server.create();
    server.add(id, { parts: say('m1') });
    server.add(id, { role: 'assistant', parts: say('m2') });
    const room = await open(id);
    net.cut();
    expect(await room.sending.send({ parts: say('a'), key: 'a' }, '', nothing)).toBe(true);
    expect(await room.sending.send({ parts: say('b'), key: 'b' }, '', nothing)).toBe(true);
    expect([textsOf(room), unsavedOf(room), room.answers.open]).toEqual([['m1', 'm2'], ['a', 'b'], null]);
    net.mend();
    journal.wake();
    await settle();
    expect([textsOf(room), unsavedOf(room)]).toEqual([['m1', 'm2', 'a', ''], ['b']]);
    expect(room.answers.open, 'and its answer is being made').not.toBeNull();
    server.grow(id, 4, 'A');
    server.finish(id, 4);
    await settle();
    expect([textsOf(room), unsavedOf(room)]).toEqual([['m1', 'm2', 'a', 'A', 'b', ''], []]);
    expect(server.branch(id).map(({ parent }) => parent)).toEqual([0, 1, 2, 3, 4, 5]);
  });
  it('shows an edit where it belongs, and the branch as it was once it is discarded', async () => {
    const { server, net, open } = await house();
    const { id } = server.create();
    for (let at = 1; at <= 4; at += 1) server.add(id, { role: at % 2 ? 'user' : 'assistant', parts: say(`m${at}`) });
    const room = await open(id);
    net.cut();
    await room.sending.edit(3, { parts: say('other 3'), key: 'e' }, '', nothing);
    expect([textsOf(room), unsavedOf(room)]).toEqual([['m1', 'm2'], ['other 3']]);
    room.discard('e');
    expect([textsOf(room), unsavedOf(room)]).toEqual([['m1', 'm2', 'm3', 'm4'], []]);
  });
  it('takes up a thread that could not be begun, and makes it once', async () => {
    const { server, journal, paths, net, open } = await house();
    net.cut();
    const first = await open('');
    await first.sending.send({ parts: say('a'), key: 'a' }, 'lab/m', nothing);
    first.dispose();
    const room = await open('');
    expect(unsavedOf(room)).toEqual(['a']);
    net.mend();
    journal.wake();
    await settle();
    expect([server.kept.size, paths, textsOf(room), unsavedOf(room)]).toEqual([1, ['/c/t1'], ['a', ''], []]);
    expect(server.kept.get('t1')!.thread.model).toBe('lab/m');
  });
  it('shows what was kept of a thread, as of then, until it can be read', async () => {
    const { server, threads, net, open } = await house();
    const { id } = server.create();
    for (let at = 1; at <= 40; at += 1) server.add(id, { role: at % 2 ? 'user' : 'assistant', parts: say(`m${at}`) });
    await open(id);
    await threads.flush();
    net.cut();
    const room = await open(id);
    expect([room.keptAt, room.isLoaded, textsOf(room).at(-1), room.branch.path.length]).toEqual([7, true, 'm40', 40]);
    for (let turn = 0; turn < 4; turn += 1) await room.branch.growUp();
    expect(room.shown.length, 'no more than was kept').toBeLessThanOrEqual(30);
    expect(await (await open('t9')).isLoaded, 'never seen').toBe(false);
    net.mend();
    server.add(id, { parts: say('m41') });
    await room.load();
    expect([room.keptAt, textsOf(room).at(-1)]).toEqual([0, 'm41']);
  });
  it('keeps nothing of a temporary thread, nor of one that is gone', async () => {
    const { server, threads, open } = await house();
    const [passing, gone] = [server.create({ is_temporary: true }).id, server.create().id];
    await open(passing);
    await open(gone);
    await threads.flush();
    expect([await threads.read(passing), (await threads.read(gone))?.page.thread.id]).toEqual([null, gone]);
    await server.api.call('DELETE', `/api/threads/${gone}`);
    await settle();
    expect(await threads.read(gone)).toBeNull();
  });
});
