import { describe, expect, it } from 'vitest';
import { Problem } from '$lib/api/problem';
import type { Asset } from '$lib/api/types';
import { Drafts } from '$lib/state/drafts';
import { TEXT_BYTES_MAX } from './attach/attach';
import { Composer, PASTE_MAX } from './composer.svelte';

function home() {
  const kept = new Map<string, string>();
  const storage = { getItem: (name: string) => kept.get(name) ?? null, setItem: (name: string, value: string) => void kept.set(name, value), removeItem: (name: string) => void kept.delete(name) };
  const drafts = new Drafts(storage);
  let name = 'chat.new';
  const facts = { media_type: 'application/pdf', prepared: { page_count: 3 } };
  const uploadAsset = async (file: File): Promise<Asset> => {
    if (file.name === 'bad.png') throw new Problem({ status: 400, code: 'file_unreadable', detail: '"bad.png" cannot be read' });
    if (file.name === 'late.png') throw new Problem({ code: 'offline', title: 'The upload was cut off' });
    return { id: `a-${file.name}`, kind: file.name.endsWith('.pdf') ? 'document' : 'image', ...(file.name.endsWith('.pdf') ? facts : { width: 4032, height: 3024, prepared: { width: 1568, height: 1176 } }) } as Asset;
  };
  const ports = { api: { uploadAsset } };
  const make = (of: Drafts): Composer => new Composer({ ...ports, drafts: of }, () => name);
  return { kept, drafts, composer: make(drafts), rename: (next: string) => (name = next), again: () => make(new Drafts(storage)) };
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
  it('takes pictures and documents into the library and text as it is, and says what it does not take', async () => {
    const { composer, drafts, again } = home();
    const adding = composer.addFiles([new File(['x'], 'lamp.png', { type: 'image/png' }), new File(['%PDF'], 'report.pdf', { type: 'application/pdf' }), new File(['one\ntwo'], 'Makefile'), new File([new Uint8Array([0xff, 0xfe, 0])], 'odd.txt', { type: 'text/plain' }), new File(['x'], 'film.mp4', { type: 'video/mp4' }), new File(['x'], 'bad.png', { type: 'image/png' }), new File(['x'], 'late.png', { type: 'image/png' })]);
    expect(composer.isUploading).toBe(true);
    await adding;
    expect(composer.isUploading).toBe(false);
    expect(composer.attached.flatMap(({ name, state, why, again: may }) => (state ? [[name, state, why, may ?? false]] : []))).toEqual([
      ['odd.txt', 'refused', 'no text in UTF-8 or UTF-16: save it as UTF-8', false],
      ['film.mp4', 'refused', 'no picture, no PDF and no text', false],
      ['bad.png', 'refused', '"bad.png" cannot be read', false],
      ['late.png', 'refused', 'The upload was cut off', true],
    ]);
    expect(composer.attached[0]).toMatchObject({ from: '4032×3024', as: '1568×1176' });
    expect(composer.attached[1]).toMatchObject({ pages: 3, type: 'application/pdf' });
    drafts.flush();
    expect(again().attached.map(({ name }) => name)).toEqual(['lamp.png', 'report.pdf', 'Makefile']);
    composer.type('Look');
    const { parts } = composer.take();
    expect(parts).toEqual([{ type: 'image', asset_id: 'a-lamp.png' }, { type: 'file', asset_id: 'a-report.pdf', name: 'report.pdf', media_type: 'application/pdf' }, { type: 'text', text: 'Makefile\n\none\ntwo' }, { type: 'text', text: 'Look' }]);
    composer.bring(parts);
    expect(composer.take().parts.slice(0, 2)).toEqual([{ type: 'image', asset_id: 'a-lamp.png' }, { type: 'file', asset_id: 'a-report.pdf', name: 'report.pdf', media_type: 'application/pdf' }]);
  });
  it('sends nothing of what was refused', async () => {
    const { composer } = home();
    await composer.addFiles([new File(['x'], 'bad.png', { type: 'image/png' })]);
    expect(composer.isEmpty).toBe(true);
    composer.remove(composer.attached[0]!.key);
    expect(composer.attached).toEqual([]);
  });
  it('reads text in the encodings that say what they are, and not too much of it', async () => {
    const utf16 = (text: string, isLittle: boolean): Uint8Array<ArrayBuffer> => new Uint8Array([...(isLittle ? [0xff, 0xfe] : [0xfe, 0xff]), ...[...text].flatMap((c) => (isLittle ? [c.charCodeAt(0), 0] : [0, c.charCodeAt(0)]))]);
    const { composer } = home();
    await composer.addFiles([new File([utf16('lamp', true)], 'a.txt'), new File([utf16('lamp', false)], 'b.txt'), new File([new Uint8Array([0xef, 0xbb, 0xbf, 0x6c])], 'c.txt'), new File([new Uint8Array([0x6c, 0xe9])], 'latin.txt', { type: 'text/plain' }), new File(['x'.repeat(TEXT_BYTES_MAX)], 'long.txt'), new File([], 'empty.txt')]);
    expect(composer.attached.map(({ text }) => text)).toEqual(['lamp', 'lamp', 'l', undefined, undefined, undefined]);
    expect(composer.attached.slice(3).map(({ why }) => why)).toEqual(['no text in UTF-8 or UTF-16: save it as UTF-8', expect.stringMatching(/^larger than a text may be/), 'it is empty']);
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
