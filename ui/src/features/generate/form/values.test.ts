import { describe, expect, it } from 'vitest';
import type { Ability, Generation } from '$lib/api/generation-types';
import { bodyOf, empty, fieldOf, fitShape, isReady, readValues, valuesOf, withInput, type Input, type Values } from './values';

const words = { number: 'a number', json: 'JSON', size: 'pixels' };
const ability = (more: Partial<Ability> = {}): Ability => ({ prompt_bytes_max: 4000, needs_prompt: true, count_max: 1, ...more });
const filled = (more: Partial<Values> = {}): Values => ({ ...empty(), model: 'lab/m', prompt: 'a lamp', ...more });
const input = (role: Input['role'], asset: string): Input => ({ role, asset, name: asset });

describe('what is sent', () => {
  it('is only what the model takes', () => {
    const values = filled({ negative: 'fog', count: '3', seed: '7', isSeedLocked: true, strength: '0.5', duration: '5', voice: 'v', speed: '2', format: 'png', quality: 'hd', language: 'en', options: '{"a":1}', shape: '16:9', inputs: [input('reference', 'r')] });
    expect(bodyOf('image', values, ability(), words)).toEqual({ body: { kind: 'image', model: 'lab/m', prompt: 'a lamp' }, wrongs: {} });
    const all = ability({ negative: true, count_max: 4, seed: true, strength: true, duration: { min: 1, max: 9 }, voice: true, speed: true, formats: ['png'], qualities: ['hd'], language: true, options: true, ratios: ['16:9'], references: { min: 0, max: 1 } });
    expect(bodyOf('image', values, all, words).body).toEqual({
      kind: 'image', model: 'lab/m', prompt: 'a lamp', negative: 'fog', count: 3, seed: 7, strength: 0.5, duration: 5, voice: 'v', speed: 2, format: 'png', quality: 'hd', language: 'en', options: { a: 1 }, ratio: '16:9',
      inputs: [{ role: 'reference', asset: 'r' }],
    });
  });
  it('has a seed only where it is kept', () => {
    expect(bodyOf('image', filled({ seed: '7' }), ability({ seed: true }), words).body.seed).toBeUndefined();
  });
  it('says that nobody watches only where there is something to be seen', () => {
    const unwatched = filled({ isWatched: false });
    expect(bodyOf('image', unwatched, ability({ partials_max: 3 }), words).body.partials).toBe(0);
    expect(bodyOf('image', unwatched, ability(), words).body).not.toHaveProperty('partials');
    expect(bodyOf('image', filled(), ability({ partials_max: 3 }), words).body).not.toHaveProperty('partials');
    expect(valuesOf({ request: { partials: 0 }, inputs: [] } as unknown as Generation).isWatched).toBe(false);
    expect(valuesOf({ request: {}, inputs: [] } as unknown as Generation).isWatched).toBe(true);
  });
  it('has a ratio, a size that is named, or one of one’s own', () => {
    const can = ability({ ratios: ['1:1'], sizes: ['1024x1536'], sides: { min: 64, max: 512, step: 2 } });
    expect(bodyOf('image', filled({ shape: '1:1' }), can, words).body).toMatchObject({ ratio: '1:1' });
    expect(bodyOf('image', filled({ shape: '1024x1536' }), can, words).body).toMatchObject({ width: 1024, height: 1536 });
    expect(bodyOf('image', filled({ shape: 'own', width: '20', height: '64' }), can, words).body).toMatchObject({ width: 20, height: 64 });
    expect(bodyOf('image', filled({ shape: '3:2' }), can, words).body).toEqual({ kind: 'image', model: 'lab/m', prompt: 'a lamp' });
  });
  it('names what is no number, no object and no size', () => {
    const can = ability({ count_max: 4, seed: true, options: true, sides: { min: 64, max: 512, step: 2 } });
    expect(bodyOf('image', filled({ count: 'two', seed: 'x', isSeedLocked: true, options: '[1]', shape: 'own', width: '64' }), can, words).wrongs).toEqual({ count: 'a number', seed: 'a number', options: 'JSON', height: 'pixels' });
  });
});

it('is ready once it has what its model needs', () => {
  const body = (more: object = {}): Parameters<typeof isReady>[1] => ({ kind: 'video', model: 'm', ...more });
  expect(isReady('video', body(), ability())).toBe(false);
  expect(isReady('video', body({ prompt: 'a' }), ability())).toBe(true);
  expect(isReady('transcription', body(), ability({ needs_prompt: false }))).toBe(false);
  const both = ability({ needs_prompt: false, needs_first_frame: true, references: { min: 1, max: 2 } });
  expect(isReady('video', body({ inputs: [{ role: 'first_frame', asset: 'a' }] }), both)).toBe(false);
  expect(isReady('video', body({ inputs: [{ role: 'first_frame', asset: 'a' }, { role: 'reference', asset: 'b' }] }), both)).toBe(true);
});

describe('inputs', () => {
  it('have the room the model gives them', () => {
    const two = withInput(withInput([], input('reference', 'a'), 2), input('reference', 'b'), 2);
    expect(withInput(two, input('reference', 'c'), 2).map(({ asset }) => asset)).toEqual(['b', 'c']);
    expect(withInput(two, input('reference', 'a'), 2).map(({ asset }) => asset)).toEqual(['b', 'a']);
    expect(withInput([input('first_frame', 'a')], input('first_frame', 'b'), 1).map(({ asset }) => asset)).toEqual(['b']);
  });
  it('lose the mask with the picture it is of', () => {
    expect(withInput([input('reference', 'a'), input('mask', 'm')], input('reference', 'b'), 1).map(({ asset }) => asset)).toEqual(['b']);
  });
});

describe('used again', () => {
  const made = {
    id: '1', kind: 'image', model: 'lab/m', state: 'succeeded', title: '', results: [], seed: 99, estimate_picodollars: 0, error: null, created_at: '', ended_at: '',
    request: { kind: 'image', prompt: 'a lamp', width: 640, height: 480, count: 2, options: { a: 1 }, inputs: [{ role: 'reference' }, { role: 'mask' }] }, inputs: ['r', 'm'],
  } as Generation;
  it('asks for the same, with the seed that was used', () => {
    const can = ability({ count_max: 4, seed: true, sides: { min: 64, max: 4096, step: 1 }, options: true, references: { min: 0, max: 1 }, mask: true });
    expect(bodyOf('image', fitShape(valuesOf(made), can), can, words).body).toEqual({ kind: 'image', model: 'lab/m', prompt: 'a lamp', width: 640, height: 480, count: 2, seed: 99, options: { a: 1 }, inputs: [{ role: 'reference', asset: 'r' }, { role: 'mask', asset: 'm' }] });
  });
});

describe('what was kept', () => {
  it('comes back, and what is not ours is left', () => {
    const values = filled({ inputs: [input('reference', 'r')], count: '3' });
    expect(readValues(JSON.stringify(values))).toEqual(values);
    expect(readValues('{"prompt": 7, "count": "2", "inputs": [{"role": 1}, 4], "odd": true}')).toEqual({ ...empty(), count: '2' });
    for (const odd of [undefined, '', 'null', '[', '3']) expect(readValues(odd)).toEqual(empty());
  });
});

it('what the server says belongs to a field', () => {
  expect(['/count', '/ratio', '/inputs/0/asset', '/options/x', 'count', '', '/toString', '/nothing'].map(fieldOf)).toEqual(['count', 'shape', 'inputs', 'options', null, null, null, null]);
});
