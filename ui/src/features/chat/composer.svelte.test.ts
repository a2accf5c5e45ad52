import { describe, expect, it } from 'vitest';
import { Drafts } from '$lib/state/drafts';
import { Composer, PASTE_MAX } from './composer.svelte';

function home() {
  const kept = new Map<string, string>();
  const storage = { getItem: (name: string) => kept.get(name) ?? null, setItem: (name: string, value: string) => void kept.set(name, value), removeItem: (name: string) => void kept.delete(name) };
  const drafts = new Drafts(storage);
  let name = 'chat.new';
  return { kept, drafts, composer: new Composer(drafts, () => name), rename: (next: string) => (name = next), again: () => new Composer(new Drafts(storage), () => name) };
}
const long = 'x'.repeat(PASTE_MAX + 1);

describe('Composer', () => {
  it('keeps what is written until the server has it', () => {
    const { composer, drafts, again, kept } = home();
    composer.type(' Hello ');
    drafts.flush();
    const out = composer.take();
    expect(out.parts).toEqual([{ type: 'text', text: 'Hello' }]);
    expect(composer.text).toBe('');
    expect(again().text, 'also through a reload in between').toBe(' Hello ');
    composer.accepted();
    drafts.flush();
    expect(kept.size).toBe(0);
  });
  it('gives back what was refused, and sends it as the same', () => {
    const { composer } = home();
    composer.type('Hello');
    const first = composer.take();
    composer.giveBack(first);
    expect(composer.text).toBe('Hello');
    const again = composer.take();
    expect(again.key).toBe(first.key);
    composer.giveBack(again);
    composer.type('Hello!');
    expect(composer.take().key).not.toBe(first.key);
  });
  it('does not write over what is typed by then', () => {
    const { composer } = home();
    composer.type('One');
    const out = composer.take();
    composer.type('Two');
    composer.giveBack(out);
    expect(composer.text).toBe('Two');
  });
  it('keeps long text out of the box, and sends it as a part of its own', () => {
    const { composer, drafts, again } = home();
    expect(composer.paste('short')).toBe(false);
    expect(composer.paste(long)).toBe(true);
    composer.type('What is this?');
    expect(composer.text).toBe('What is this?');
    drafts.flush();
    expect(again().pasted).toEqual([long]);
    expect(composer.take().parts).toEqual([{ type: 'text', text: long }, { type: 'text', text: 'What is this?' }]);
    composer.accepted();
    drafts.flush();
    expect(again().isEmpty).toBe(true);
  });
  it('takes its draft along when a new thread gets its address', () => {
    const { composer, drafts, rename, again, kept } = home();
    composer.type('Hello');
    drafts.flush();
    rename('chat.t1');
    composer.giveBack(composer.take());
    drafts.flush();
    expect([...kept.keys()]).toEqual(['atelier.draft.chat.t1']);
    expect(again().text).toBe('Hello');
  });
});
