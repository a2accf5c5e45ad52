import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Drafts } from './drafts';

function memory() {
  const kept = new Map<string, string>();
  return { kept, getItem: (name: string) => kept.get(name) ?? null, setItem: (name: string, value: string) => void kept.set(name, value), removeItem: (name: string) => void kept.delete(name) };
}

describe('Drafts', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('are there at once and written soon after', () => {
    const storage = memory();
    const drafts = new Drafts(storage);
    drafts.write('a', { text: 'one', base: 3 });
    drafts.write('a', { text: 'two', base: 3 });
    expect(drafts.read('a')).toEqual({ text: 'two', base: 3 });
    expect(storage.kept.size).toBe(0);
    vi.advanceTimersByTime(300);
    expect(new Drafts(storage).read('a')).toEqual({ text: 'two', base: 3 });
  });
  it('are written when the page goes away', () => {
    const storage = memory();
    const drafts = new Drafts(storage);
    drafts.write('a', { text: 'last words', base: 0 });
    drafts.flush();
    expect(new Drafts(storage).read('a')?.text).toBe('last words');
  });
  it('are gone once sent, also when not yet written', () => {
    const storage = memory();
    const drafts = new Drafts(storage);
    drafts.write('a', { text: 'x', base: 0 });
    drafts.clear('a');
    vi.advanceTimersByTime(1000);
    expect(drafts.read('a')).toBeNull();
    expect(storage.kept.size).toBe(0);
  });
  it('survive a storage that is full, broken or holds rubbish', () => {
    const storage = { ...memory(), setItem: () => { throw new Error('full'); } };
    const drafts = new Drafts(storage);
    drafts.write('a', { text: 'x', base: 0 });
    expect(() => drafts.flush()).not.toThrow();
    const odd = memory();
    odd.kept.set('atelier.draft.a', '{nonsense');
    odd.kept.set('atelier.draft.b', '{"text":5}');
    expect(new Drafts(odd).read('a')).toBeNull();
    expect(new Drafts(odd).read('b')).toBeNull();
  });
});
