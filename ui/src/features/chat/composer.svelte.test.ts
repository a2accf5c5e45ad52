import { describe, expect, it } from 'vitest';
import { Problem } from '$lib/api/problem';
import type { Asset } from '$lib/api/types';
import { Drafts } from '$lib/state/drafts';
import { Composer, PASTE_MAX } from './composer.svelte';

function home() {
  const kept = new Map<string, string>();
  const storage = { getItem: (name: string) => kept.get(name) ?? null, setItem: (name: string, value: string) => void kept.set(name, value), removeItem: (name: string) => void kept.delete(name) };
  const drafts = new Drafts(storage);
  let name = 'chat.new';
  const told: string[] = [];
  const ports = { api: { uploadAsset: async (file: File) => (file.name === 'bad.png' ? Promise.reject(new Problem({ code: 'refused' })) : ({ id: `a-${file.name}` } as Asset)) }, toasts: { show: ({ text }: { text: string }) => told.push(text) }, complain: (error: unknown) => (told.push((error as Problem).code), error as Problem) };
  const make = (of: Drafts): Composer => new Composer({ ...ports, drafts: of }, () => name);
  return { kept, drafts, told, composer: make(drafts), rename: (next: string) => (name = next), again: () => make(new Drafts(storage)) };
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
    expect(again().attached.map(({ text }) => text)).toEqual([long]);
    expect(composer.take().parts).toEqual([{ type: 'text', text: long }, { type: 'text', text: 'What is this?' }]);
    composer.accepted();
    drafts.flush();
    expect(again().isEmpty).toBe(true);
  });
  it('takes pictures into the library and text as it is, and says what it does not take', async () => {
    const { composer, told, drafts, again } = home();
    const adding = composer.addFiles([new File(['x'], 'lamp.png', { type: 'image/png' }), new File(['one\ntwo'], 'notes.md'), new File([new Uint8Array([0xff, 0xfe, 0])], 'odd.txt'), new File(['x'], 'film.mp4', { type: 'video/mp4' }), new File(['x'], 'bad.png', { type: 'image/png' })]);
    expect(composer.isUploading).toBe(true);
    await adding;
    expect(composer.isUploading).toBe(false);
    expect(told.sort()).toEqual(['refused', '“film.mp4” is no picture and no text', '“odd.txt” is no picture and no text']);
    drafts.flush();
    expect(again().attached.map(({ name }) => name)).toEqual(['lamp.png', 'notes.md']);
    composer.type('Look');
    expect(composer.take().parts).toEqual([{ type: 'image', asset_id: 'a-lamp.png' }, { type: 'text', text: 'notes.md\n\none\ntwo' }, { type: 'text', text: 'Look' }]);
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
