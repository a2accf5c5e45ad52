import { describe, expect, it } from 'vitest';
import type { Generation } from '$lib/api/generation-types';
import type { StudioEvent } from '$lib/api/types';
import type { Studio } from '$lib/state/studio.svelte';
import { Made } from './made.svelte';

const made = (id: string, more: Partial<Generation> = {}): Generation => ({ id, kind: 'image', state: 'running', ended_at: null, ...more }) as Generation;
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

class Server {
  asked: string[] = [];
  pages: Record<string, { items: Generation[]; next: string }> = {};
  now: Record<string, Generation> = {};
  hold: Promise<void> = Promise.resolve();
  tell: (events: StudioEvent[]) => void = () => {};
  readonly call = async (_method: string, path: string): Promise<unknown> => {
    this.asked.push(path);
    if (path.includes('?')) return this.pages[path];
    const told = this.now[path.split('/').at(-1)!];
    await this.hold;
    return told;
  };
  list(kinds: ConstructorParameters<typeof Made>[1]): Made {
    const hub = { listen: (call: Server['tell']) => ((this.tell = call), () => {}), onFresh: () => () => {} };
    return new Made({ api: { call: this.call }, hub, complain: () => {} } as unknown as Studio, kinds);
  }
}
const changed = (id: string, subject = 'image', kind = 'generation'): StudioEvent => ({ type: 'run.changed', data: { id, kind, subject } }) as unknown as StudioEvent;

describe('what was made', () => {
  it('is read kind by kind, and shown as far back as all of them were', async () => {
    const server = new Server();
    server.pages = {
      '/api/generations?kind=image&limit=24': { items: [made('f'), made('d')], next: 'd' },
      '/api/generations?kind=upscale&limit=24': { items: [made('e', { kind: 'upscale' }), made('a', { kind: 'upscale' })], next: '' },
      '/api/generations?kind=image&limit=24&after=d': { items: [made('b')], next: '' },
    };
    const list = server.list(['image', 'upscale']);
    list.start();
    await settle();
    expect([list.shown.map(({ id }) => id), list.hasMore]).toEqual([['f', 'e', 'd'], true]);
    await list.more();
    expect([list.shown.map(({ id }) => id), list.hasMore]).toEqual([['f', 'e', 'd', 'b', 'a'], false]);
  });
  it('moves by events: its own kinds alone, one reading at a time, and never back', async () => {
    const server = new Server();
    server.pages = { '/api/generations?kind=image&limit=24': { items: [], next: '' } };
    const list = server.list(['image']);
    list.start();
    await settle();
    server.asked = [];
    server.tell([changed('x', 'speech'), changed('y', 'image', 'production.render')]);
    expect(server.asked).toEqual([]);
    server.now['z'] = made('z');
    let go = (): void => {};
    server.hold = new Promise((resolve) => (go = resolve));
    server.tell([changed('z'), changed('z'), changed('z')]);
    expect(server.asked).toEqual(['/api/generations/z']);
    server.now['z'] = made('z', { state: 'succeeded', ended_at: 'now' });
    go();
    await settle();
    expect([server.asked.length, list.items.map(({ state }) => state)]).toEqual([2, ['succeeded']]);
    server.tell([{ type: 'step.progress', data: { run: 'z', node: 'n', done: 1, total: 2 } }]);
    expect(list.items[0]!.progress).toBeUndefined();
  });
  it('has the beginning of what was heard, and all of it once that is wanted', async () => {
    const server = new Server();
    const heard = made('z', { kind: 'transcription', state: 'succeeded', ended_at: 'now', text: { text: 'The lamp', is_excerpt: true } });
    server.pages = { '/api/generations?kind=transcription&limit=24': { items: [heard], next: '' } };
    const list = server.list(['transcription']);
    list.start();
    await settle();
    expect(list.items[0]!.text!.is_excerpt).toBe(true);
    server.now['z'] = { ...heard, text: { text: 'The lamp was lit.', words: [{ text: 'The', start: 0, end: 0.2 }] } };
    await list.readWhole(list.items[0]!);
    expect(list.items[0]!.text!.words).toHaveLength(1);
    // What stands in a list that is read later takes nothing of it away.
    server.pages = { '/api/generations?kind=transcription&limit=24': { items: [heard], next: '' } };
    await list.load();
    expect(list.items[0]!.text!.words).toHaveLength(1);
  });
  it('shows how far it is', async () => {
    const server = new Server();
    server.pages = { '/api/generations?kind=image&limit=24': { items: [made('z')], next: '' } };
    const list = server.list(['image']);
    list.start();
    await settle();
    server.tell([{ type: 'step.progress', data: { run: 'z', node: 'n', done: 1, total: 2 } }]);
    expect(list.items[0]!.progress).toEqual({ done: 1, total: 2 });
  });
  it('shows the picture as far as it is, until it has ended', async () => {
    const server = new Server();
    server.pages = { '/api/generations?kind=image&limit=24': { items: [made('z', { partial: 1 }), made('y', { state: 'failed', ended_at: 'now' })], next: '' } };
    const list = server.list(['image']);
    list.start();
    await settle();
    server.tell([{ type: 'step.progress', data: { run: 'z', node: 'n', done: 1, total: 2 } }, { type: 'step.partial', data: { run: 'z', node: 'n', number: 2 } }]);
    server.tell([{ type: 'step.partial', data: { run: 'y', node: 'n', number: 1 } }, { type: 'step.partial', data: { run: 'x', node: 'n', number: 1 } }]);
    expect(list.items.map(({ partial }) => partial)).toEqual([2, undefined]);
    expect(list.items[0]!.progress).toEqual({ done: 1, total: 2 });
  });
});
