import { describe, expect, it } from 'vitest';
import type { Production, Scene } from '$lib/api/types';
import { hasScenesOf, pictureKey, sceneViews } from './scenes';

const scene = (index: number, text: string, more: Partial<Scene> = {}): Scene => ({ id: `s${index}`, index, heading: '', text, background: null, voice: null, seed: index, is_rendered: true, duration_ms: 2000, ...more });
const production: Production = {
  id: 'p', title: 'T', revision: 1, state: 'ready', created_at: '', updated_at: '', run: null, video: null, story: 'One.\n\nTwo.\n\nThree.',
  settings: { size: '1080x1920', fps: 30, language: 'en', voice: 'v', speed: 1, caption_style: 'plain', background: { kind: 'auto' }, music: null },
  scenes: [scene(0, 'One.'), scene(1, 'Two.'), scene(2, 'Three.')],
};

describe('sceneViews', () => {
  it('are the server’s while nothing is typed', () => {
    expect(sceneViews(production, '', false).map((view) => [view.key, view.isRendered, view.durationMs])).toEqual([['s0', true, 2000], ['s1', true, 2000], ['s2', true, 2000]]);
  });
  it('mark only the edited scene, which keeps its identity', () => {
    const views = sceneViews(production, 'One.\n\nTwo and a half.\n\nThree.', true);
    expect(views.map((view) => [view.key, view.isRendered])).toEqual([['s0', true], ['s1', false], ['s2', true]]);
    expect(views[1]!.isEstimate).toBe(true);
  });
  it('follow scenes that moved', () => {
    expect(sceneViews(production, 'Three.\n\nNew.\n\nOne.\n\nTwo.', true).map((view) => view.key)).toEqual(['s2', 'new-1', 's0', 's1']);
  });
  it('have keys of their own when texts repeat', () => {
    const keys = sceneViews(production, 'One.\n\nOne.\n\nOne.\n\nOne.', true).map((view) => view.key);
    expect(new Set(keys).size).toBe(4);
  });
});

describe('hasScenesOf', () => {
  it('looks at what is spoken, not at how it is written', () => {
    expect(hasScenesOf('# Title\n\n*One.*\n\n\nTwo.\n\nThree.\n\n', production)).toBe(true);
    expect(hasScenesOf('One.\n\nTwo!\n\nThree.', production)).toBe(false);
    expect(hasScenesOf('One.\n\nTwo.', production)).toBe(false);
  });
  it('looks at the pictures too', () => {
    const illustrated = { ...production, scenes: [scene(0, 'One.', { background: { kind: 'asset', asset_id: 'a' } }), scene(1, 'Two.', { background: { kind: 'ink' } }), scene(2, 'Three.')] };
    expect(hasScenesOf('![](asset:a)\nOne.\n\nTwo.\n\nThree.', illustrated)).toBe(true);
    expect(hasScenesOf('One.\n\nTwo.\n\nThree.', illustrated)).toBe(false);
    expect(sceneViews(illustrated, '![](asset:b)\nOne.\n\nTwo.\n\nThree.', true).map((view) => [view.picture, view.isRendered])).toEqual([['b', false], [null, true], [null, true]]);
  });
});

describe('pictureKey', () => {
  it('changes with what the picture shows, and with nothing else', () => {
    const key = pictureKey(production, production.scenes[0]!);
    expect(pictureKey({ ...production, revision: 9, title: 'X' }, production.scenes[0]!)).toBe(key);
    expect(pictureKey({ ...production, settings: { ...production.settings, caption_style: 'card' } }, production.scenes[0]!)).not.toBe(key);
    expect(pictureKey(production, scene(0, 'One.', { background: { kind: 'ink' } }))).not.toBe(key);
  });
});
