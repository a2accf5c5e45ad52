import { describe, expect, it } from 'vitest';
import type { Message } from '$lib/api/chat-types';
import { Problem } from '$lib/api/problem';
import type { StudioEvent } from '$lib/api/types';
import { ChatServer } from '../../../tests/fixtures/chat-server';
import { Entry } from './entry.svelte';
import { ThreadRoom } from './room.svelte';

type Ports = ConstructorParameters<typeof ThreadRoom>[0];
const settle = async (): Promise<void> => void (await new Promise((resolve) => setImmediate(resolve)));
const say = (text: string) => [{ type: 'text' as const, text }];
const nothing = (): void => {};

function house(server = new ChatServer()) {
  const complaints: string[] = [];
  const paths: string[] = [];
  let fresh = nothing;
  const listeners = new Set<(events: StudioEvent[]) => void>();
  const studio = {
    api: server.api,
    hub: { listen: (call: (events: StudioEvent[]) => void) => (listeners.add(call), () => listeners.delete(call)), onFresh: (call: () => void) => ((fresh = call), nothing) },
    router: { go: (path: string) => paths.push(path) },
    offline: { kept: null, load: async () => null },
    complain: (error: unknown) => void complaints.push((error as Problem).code),
  } as unknown as Ports;
  server.tell = (event) => listeners.forEach((call) => call([event]));
  return { server, studio, complaints, paths, listeners, fresh: () => fresh() };
}
async function opened(id: string, home = house()) {
  const room = new ThreadRoom(home.studio, id);
  room.start();
  await settle();
  return { ...home, room };
}
const textsOf = (room: ThreadRoom): string[] => room.shown.map((entry) => entry.text);
// A thread of so many turns.
function long(server: ChatServer, messages: number): string {
  const { id } = server.create();
  for (let at = 0; at < messages; at += 1) server.add(id, { role: at % 2 === 0 ? 'user' : 'assistant', parts: say(`m${at + 1}`) });
  return id;
}

describe('ThreadRoom', () => {
  it('shows what is sent at once, and the answer as it grows', async () => {
    const { server, room, paths } = await opened('');
    const sending = room.sending.send({ parts: say('Hello'), key: 'k1' }, 'lab/m', nothing);
    expect(textsOf(room)).toEqual(['Hello', '']);
    const keys = room.shown.map(({ key }) => key);
    expect(await sending).toBe(true);
    expect(paths).toEqual(['/c/t1']);
    expect(room.shown.map(({ key }) => key), 'the same on the page as before').toEqual(keys);
    server.grow('t1', 2, 'Good ');
    server.grow('t1', 2, 'day');
    expect(textsOf(room)).toEqual(['Hello', 'Good day']);
    expect(room.answers.open).not.toBeNull();
    server.finish('t1', 2);
    expect(room.answers.open).toBeNull();
    expect(room.status.words).toBe('Answer ready, 2 words');
  });
  it('has several models answer side by side, and goes on from the one that is kept', async () => {
    const { server, room, fresh } = await opened('');
    const sending = room.sending.send({ parts: say('Hello'), key: 'k1', beside: ['lab/b', 'lab/c'] }, 'lab/a', nothing);
    const before = room.beside.entries;
    expect(before.map(({ facts }) => facts.model)).toEqual(['lab/a', 'lab/b', 'lab/c']);
    expect(await sending).toBe(true);
    expect(room.beside.entries, 'the same on the page as before').toEqual(before);
    expect([room.branch.path, room.shown.length]).toEqual([[1, 2], 2]);
    server.grow('t1', 3, 'Good day');
    server.grow('t1', 4, 'Hi');
    expect(room.beside.entries.map(({ text }) => text)).toEqual(['', 'Good day', 'Hi']);
    server.finish('t1', 2);
    expect(room.status.words).toBe('1 of 3 answers ready');
    server.kept.get('t1')!.messages[3]!.parts = say('Hi there');
    server.kept.get('t1')!.messages[3]!.seq = 2;
    fresh();
    await settle();
    await settle();
    expect(room.beside.entries.map(({ text }) => text), 'read again, as the branch is').toEqual(['', 'Good day', 'Hi there']);
    await room.answers.stop();
    expect(server.calls.at(-1), 'one that is left is stopped by itself, more are at once').toBe('POST /api/threads/t1/stop');
    expect(room.beside.entries.map(({ facts }) => facts.state)).toEqual(['complete', 'stopped', 'stopped']);
    await room.keep(4);
    expect([room.branch.path, room.beside.entries, server.kept.get('t1')!.thread.head]).toEqual([[1, 4], [], 4]);
    await room.beside.compare(4);
    expect(room.beside.entries.map(({ facts }) => facts.number)).toEqual([2, 3, 4]);
    await room.sending.send({ parts: say('More'), key: 'k2' }, 'lab/a', nothing);
    expect([room.branch.path, room.beside.entries]).toEqual([[1, 4, 5, 6], []]);
  });
  it('shows at most four side by side, the one that is shown among them', async () => {
    const { server, room } = await opened('');
    await room.sending.send({ parts: say('Hello'), key: 'k1' }, '', nothing);
    for (let turn = 0; turn < 5; turn += 1) {
      server.finish('t1', 2 + turn);
      await room.sending.regenerate(1, `lab/${turn}`);
    }
    server.finish('t1', 7);
    await room.switchTo(2);
    await room.beside.compare(2);
    expect(room.beside.entries.map(({ facts }) => facts.number)).toEqual([2, 5, 6, 7]);
    room.beside.close();
    expect(room.beside.entries).toEqual([]);
  });
  it('takes back what was refused, and sends it once when it is tried again', async () => {
    const { server, room, complaints } = await opened(long(new ChatServer(), 0));
    expect(room.problem?.status, 'no such thread').toBe(404);
    const home = house();
    const id = long(home.server, 2);
    const { room: one } = await opened(id, home);
    home.server.before = (method) => {
      if (method === 'POST') throw new Problem({ code: 'offline' });
    };
    expect(await one.sending.send({ parts: say('More'), key: 'k' }, '', nothing)).toBe(false);
    expect(textsOf(one)).toEqual(['m1', 'm2']);
    expect(home.complaints).toEqual(['offline']);
    home.server.before = nothing;
    await one.sending.send({ parts: say('More'), key: 'k' }, '', nothing);
    home.server.finish(id, 4);
    await home.server.api.call('POST', `/api/threads/${id}/messages`, { body: { parts: say('More') }, key: 'k' });
    expect(home.server.kept.get(id)!.messages).toHaveLength(4);
    expect(textsOf(one)).toEqual(['m1', 'm2', 'More', '']);
    expect([server.calls.length, complaints]).toEqual([1, []]);
  });
  it('reads a message once where a delta is missing, whatever else comes in the meantime', async () => {
    const home = house();
    const id = long(home.server, 0);
    const { room, server } = await opened(id, home);
    await room.sending.send({ parts: say('Go'), key: 'k' }, '', nothing);
    server.grow(id, 2, 'a');
    server.tell = nothing;
    server.grow(id, 2, 'b');
    server.tell = (event) => home.listeners.forEach((call) => call([event]));
    server.calls = [];
    for (const letter of 'cdef') server.grow(id, 2, letter);
    await settle();
    expect(server.calls).toEqual([`GET /api/threads/${id}/messages/2`]);
    expect(textsOf(room)).toEqual(['Go', 'abcdef']);
    server.grow(id, 2, 'g');
    expect(textsOf(room)[1]).toBe('abcdefg');
  });
  it('stops as soon as there is something to stop', async () => {
    const home = house();
    const id = long(home.server, 0);
    const { room, server } = await opened(id, home);
    const sending = room.sending.send({ parts: say('Go'), key: 'k' }, '', nothing);
    await room.answers.stop();
    await sending;
    await settle();
    expect(server.kept.get(id)!.messages[1]!.state).toBe('stopped');
    expect(room.answers.open).toBeNull();
    expect(room.status.words).toBe('Stopped');
    await room.answers.goOn(room.shown[1]!);
    server.grow(id, 2, 'on');
    expect(textsOf(room)[1]).toBe('on');
  });
  it('keeps an edit beside what it edits, and goes from one to the other in every tab', async () => {
    const home = house();
    const id = long(home.server, 4);
    const { room, server } = await opened(id, home);
    const { room: other } = await opened(id, { ...home });
    const editing = room.sending.edit(3, { parts: say('other 3'), key: 'e' }, '', nothing);
    expect(textsOf(room)).toEqual(['m1', 'm2', 'other 3', '']);
    await editing;
    server.finish(id, 6);
    await settle();
    expect([room.branch.path, other.branch.path]).toEqual([[1, 2, 5, 6], [1, 2, 5, 6]]);
    expect(room.branch.besidesOf(5)).toEqual({ at: 1, of: [3, 5] });
    await room.switchTo(3);
    await settle();
    expect(server.kept.get(id)!.thread.head).toBe(4);
    expect([room.branch.path, other.branch.path]).toEqual([[1, 2, 3, 4], [1, 2, 3, 4]]);
    await room.sending.regenerate(4, 'lab/other');
    server.grow(id, 7, 'again');
    expect(textsOf(other)).toEqual(['m1', 'm2', 'm3', 'again']);
    expect(room.branch.besidesOf(7)).toEqual({ at: 1, of: [4, 7] });
  });
  it('shows the last few of a long thread, more on the way up, and reaches any', async () => {
    const home = house();
    const id = long(home.server, 200);
    const { room, server } = await opened(id, home);
    expect(textsOf(room)).toEqual(['m200']);
    while (room.branch.passage.isFilling) room.branch.passage.fill();
    expect(textsOf(room)).toEqual(Array.from({ length: 8 }, (_, at) => `m${193 + at}`));
    server.calls = [];
    await room.branch.growUp();
    expect(room.shown).toHaveLength(20);
    expect(server.calls, 'they were here').toEqual([]);
    await room.branch.growUp();
    expect([room.shown.length, server.calls.length]).toEqual([32, 1]);
    expect(await room.reach(42)).toBe(true);
    expect(textsOf(room)).toEqual(Array.from({ length: 8 }, (_, at) => `m${40 + at}`));
    await room.branch.growDown();
    expect(room.shown).toHaveLength(20);
    expect(await room.reach(900)).toBe(false);
    server.add(id, { parts: say('new') });
    expect(textsOf(room), 'a reader elsewhere stays there').not.toContain('new');
    expect(room.branch.arrived).toBe(1);
    await room.branch.toEnd();
    expect(textsOf(room).at(-1)).toBe('new');
    expect(room.shown).toHaveLength(8);
  });
  it('is read again after the stream began anew, and the reader stays', async () => {
    const home = house();
    const id = long(home.server, 60);
    const { room, server } = await opened(id, home);
    await room.branch.growUp();
    const keys = room.shown.map(({ key }) => key);
    server.tell = nothing;
    server.add(id, { parts: say('missed') });
    home.fresh();
    await settle();
    expect(room.shown.map(({ key }) => key).slice(0, -1)).toEqual(keys);
    expect(textsOf(room).at(-1)).toBe('missed');
  });
  it('finds out that it is gone', async () => {
    const home = house();
    const id = long(home.server, 2);
    const { room, server } = await opened(id, home);
    await server.api.call('DELETE', `/api/threads/${id}`);
    expect(room.isGone).toBe(true);
  });
});

// A generator of chances that is the same every time.
function chances(seed: number) {
  let state = seed;
  return (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe('whatever is lost, doubled or late', () => {
  it.each(Array.from({ length: 200 }, (_, at) => at + 1))('it ends with the server’s text and tree (%i)', async (seed) => {
    const chance = chances(seed);
    const home = house();
    const { server } = home;
    const id = long(server, chance(4) * 2);
    const { room } = await opened(id, home);
    // The stream: in order, each some time after it was told; deltas may be lost or doubled.
    const stream: StudioEvent[] = [];
    server.tell = (event) => {
      if (event.type === 'message.delta' && chance(6) === 0) return;
      stream.push(event);
      if (event.type === 'message.delta' && chance(8) === 0) stream.push(event);
    };
    const deliver = (many: number): void => {
      const events = stream.splice(0, many);
      if (events.length > 0) home.listeners.forEach((call) => call(events));
    };
    // Calls: some are held up, some fail.
    server.before = async (method) => {
      for (let turns = chance(3); turns > 0; turns -= 1) await settle();
      if (method === 'POST' && chance(10) === 0) throw new Problem({ code: 'offline' });
    };
    const open = (): Message | undefined => server.kept.get(id)!.messages.find(({ state }) => state === 'answering');
    const of = (many: number): number => 1 + chance(Math.max(1, many));
    const steps: (() => unknown)[] = [
      () => room.sending.send({ parts: say(`q${chance(1000)}`), key: `k${chance(1e9)}` }, '', nothing),
      () => open() && server.grow(id, open()!.number, `w${chance(100)} `, chance(5) === 0 ? 'reasoning' : 'text'),
      () => open() && server.grow(id, open()!.number, `w${chance(100)} `),
      () => open() && server.grow(id, open()!.number, `w${chance(100)} `),
      () => open() && chance(3) === 0 && server.finish(id, open()!.number, chance(3) === 0 ? 'interrupted' : 'complete'),
      () => room.answers.stop(),
      () => room.branch.path.length > 1 && room.sending.regenerate(room.branch.path.at(-1)!, ''),
      () => room.branch.path.length > 1 && room.sending.edit(room.branch.path[0]!, { parts: say('edited'), key: `e${chance(1e9)}` }, '', nothing),
      () => room.branch.path.length > 0 && room.switchTo(of(server.kept.get(id)!.messages.length)),
      () => !open() && room.shown.at(-1)?.facts.role === 'assistant' && room.answers.goOn(room.shown.at(-1)!),
      () => chance(4) === 0 && (stream.splice(0), home.fresh()),
      () => void server.api.call('PATCH', `/api/threads/${id}`, { body: { head: of(server.kept.get(id)!.messages.length) } }).catch(nothing),
      () => deliver(1 + chance(5)),
      () => deliver(1 + chance(20)),
      settle,
      settle,
    ];
    for (let step = 0; step < 80; step += 1) {
      const done = steps[chance(steps.length)]!();
      if (chance(3) === 0) await done;
    }
    server.before = nothing;
    for (let turn = 0; turn < 12; turn += 1) await settle();
    // What is still being made comes to its end, and all of it is told.
    for (let last = open(); last; last = open()) server.finish(id, last.number);
    for (let turn = 0; turn < 12; turn += 1) {
      deliver(stream.length);
      await settle();
    }
    const { thread, messages } = server.kept.get(id)!;
    expect(room.branch.path).toEqual(server.branch(id).map(({ number }) => number));
    expect(room.thread.facts?.head).toBe(thread.head);
    for (const entry of room.shown) {
      const told = messages[entry.facts.number - 1]!;
      expect([entry.facts.number, entry.facts.state, entry.plainParts()]).toEqual([told.number, told.state, told.parts]);
    }
    for (const { number, parent } of messages) expect(room.branch.besidesOf(number).of).toEqual(messages.filter((each) => each.parent === parent).map((each) => each.number));
    expect(room.shown.length).toBe(Math.min(room.branch.path.length, room.branch.passage.end - room.branch.passage.start));
    expect(room.answers.open).toBeNull();
  });
});

describe('Entry', () => {
  const message = (parts: Message['parts'], more: Partial<Message> = {}): Message => ({
    number: 2, parent: 1, role: 'assistant', state: 'answering', parts, seq: 0, model: '', served: null, usage: null, cost: null, first_token_ms: null, total_ms: null, finish: null, created_at: '', ...more,
  });
  const delta = (seq: number, text: string, at = 0, type: 'text' | 'reasoning' = 'text') => ({ thread: 't', number: 2, seq, parts: [{ at, type, text }] });

  it('changes one part’s text and nothing around it', () => {
    const entry = new Entry(message([]));
    entry.grow(delta(1, 'Hm', 0, 'reasoning'));
    entry.grow(delta(2, 'A', 1));
    const { parts, facts } = entry;
    entry.grow(delta(3, 'B', 1));
    expect([entry.parts === parts, entry.facts === facts, entry.parts[1]!.text]).toEqual([true, true, 'AB']);
    entry.hear({ ...message([{ type: 'reasoning', text: 'Hm' }, { type: 'text', text: 'AB!' }]), state: 'complete', seq: 3 });
    expect([entry.parts === parts, entry.text]).toEqual([true, 'AB!']);
  });
  it('is not taken back by what was said or read before', () => {
    const entry = new Entry(message([]));
    entry.grow(delta(1, 'A'));
    entry.hear(message([], { seq: 0 }));
    expect(entry.text).toBe('A');
    const { version } = entry;
    entry.hear(message([{ type: 'text', text: 'AB' }], { state: 'complete', seq: 2 }));
    entry.takeRead(message([{ type: 'text', text: 'A' }], { seq: 1 }), version);
    expect([entry.text, entry.facts.state]).toEqual(['AB', 'complete']);
  });
  it('says that it must be read where its parts were too long to be told', () => {
    const entry = new Entry(message([]));
    expect(entry.hear({ ...message([]), parts: null, state: 'complete', seq: 9 })).toBe(false);
    entry.takeRead(message([{ type: 'text', text: 'long' }], { state: 'complete', seq: 9 }), entry.version);
    expect(entry.text).toBe('long');
  });
  it('takes what a server that came back has, also where it is less', () => {
    const entry = new Entry(message([{ type: 'text', text: 'ABC' }], { seq: 3 }));
    entry.takeRead(message([{ type: 'text', text: 'AB' }], { state: 'interrupted', seq: 2 }), entry.version);
    expect([entry.text, entry.facts.state]).toEqual(['AB', 'interrupted']);
  });
});
