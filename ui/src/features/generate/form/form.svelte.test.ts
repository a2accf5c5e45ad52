import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Problem } from '$lib/api/problem';
import { Drafts } from '$lib/state/drafts';
import type { Studio } from '$lib/state/studio.svelte';
import { Form } from './form.svelte';

const MODELS = [
  { id: 'a/one', provider: 'a', title: 'One', is_local: false, health: 'closed', ability: { prompt_bytes_max: 100, needs_prompt: true, count_max: 4, references: { min: 0, max: 1 } } },
  { id: 'b/two', provider: 'b', title: 'Two', is_local: true, health: 'closed', ability: { prompt_bytes_max: 100, needs_prompt: false, count_max: 1 } },
];

class Server {
  asked: { path: string; body: unknown; key: string | undefined }[] = [];
  prices: (number | null)[] = [7];
  refusal: Problem | null = null;
  readonly kept = new Map<string, string>();
  readonly call = (_method: string, path: string, options: { body?: unknown; key?: string } = {}): Promise<unknown> => {
    if (path.includes('/models')) return Promise.resolve({ items: MODELS });
    this.asked.push({ path, body: options.body, key: options.key });
    if (path.endsWith('/estimate')) return Promise.resolve({ candidates: this.prices.map((cost) => ({ candidate: 'x', cost_picodollars: cost })) });
    return this.refusal ? Promise.reject(this.refusal) : Promise.resolve({ id: 'made' });
  };
  form(): Form {
    const drafts = new Drafts({ getItem: (name) => this.kept.get(name) ?? null, setItem: (name, value) => void this.kept.set(name, value), removeItem: (name) => void this.kept.delete(name) });
    return new Form({ api: { call: this.call }, drafts } as unknown as Studio, 'image');
  }
  get created(): { body: unknown; key: string | undefined }[] {
    return this.asked.filter(({ path }) => path === '/api/generations');
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a form', () => {
  it('begins with the first model, and is as it was after a reload', async () => {
    const server = new Server();
    const form = server.form();
    await form.load();
    expect(form.values.model).toBe('a/one');
    form.set({ model: 'b/two', prompt: 'a lamp' });
    await vi.advanceTimersByTimeAsync(1000);
    const again = server.form();
    await again.load();
    expect([again.values.model, again.values.prompt]).toEqual(['b/two', 'a lamp']);
  });
  it('tells the most it may cost, once for what was typed, and nothing of what cannot be made yet', async () => {
    const server = new Server();
    server.prices = [3, null, 9];
    const form = server.form();
    await form.load();
    await vi.advanceTimersByTimeAsync(1000);
    expect([server.asked.length, form.price]).toEqual([0, undefined]);
    for (const prompt of ['a', 'a l', 'a lamp']) form.set({ prompt });
    await vi.advanceTimersByTimeAsync(1000);
    expect([server.asked.length, form.price]).toEqual([1, 9]);
    server.prices = [null];
    form.set({ count: '2' });
    await vi.advanceTimersByTimeAsync(1000);
    expect(form.price).toBeNull();
  });
  it('is sent under one key until it is taken, and under another after', async () => {
    const server = new Server();
    const form = server.form();
    await form.load();
    form.set({ prompt: 'a lamp' });
    server.refusal = new Problem({ code: 'offline' });
    expect(await form.send()).toBeNull();
    expect(form.problem?.isOffline).toBe(true);
    server.refusal = null;
    expect(await form.send()).toEqual({ id: 'made' });
    expect(await form.send()).toEqual({ id: 'made' });
    const keys = server.created.map(({ key }) => key);
    expect(keys[0]).toBe(keys[1]);
    expect(keys[2]).not.toBe(keys[1]);
    expect(form.values.prompt).toBe('a lamp');
  });
  it('says what was refused at its field, until that is changed', async () => {
    const server = new Server();
    const form = server.form();
    await form.load();
    form.set({ prompt: 'a lamp', count: '9' });
    server.refusal = new Problem({ code: 'not_supported_by_model', detail: 'makes at most 4', where: '/count' });
    await form.send();
    expect([form.wrong('count'), form.problem]).toEqual(['makes at most 4', null]);
    form.set({ prompt: 'a lamp, lit' });
    expect(form.wrong('count')).toBe('makes at most 4');
    form.set({ count: '2' });
    expect(form.wrong('count')).toBe('');
    form.set({ count: 'two' });
    const before = server.created.length;
    await form.send();
    expect([form.wrong('count') !== '', server.created.length]).toEqual([true, before]);
  });
  it('takes an input where its model does', async () => {
    const form = new Server().form();
    await form.load();
    const picture = { role: 'reference', asset: 'p', name: 'p' } as const;
    form.addInput(picture);
    form.addInput({ ...picture, role: 'mask' });
    expect(form.values.inputs).toEqual([picture]);
    form.set({ model: 'b/two', inputs: [] });
    form.addInput(picture);
    expect(form.values.inputs).toEqual([]);
  });
});
