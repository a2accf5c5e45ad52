import { describe, expect, it } from 'vitest';
import { countWords, estimateMs, sceneAt, scenesOf, splitStory, spokenText, startOfScene } from './split';

const story = '---\ntitle: A\n---\n# A title\n\nFirst scene,\nof two lines.\n\n\n![sea](asset:1)\n\n## Part\nSecond ![x](asset:2) scene.\r\n\r\n---\r\n\r\nThird.';

describe('splitStory', () => {
  it('loses nothing', () => {
    expect(splitStory(story).map((piece) => piece.text).join('')).toBe(story);
  });
  it('begins a scene after a blank line or a heading, and speaks neither headings nor pictures', () => {
    expect(scenesOf(story)).toEqual(['First scene, of two lines.', 'Second scene.', 'Third.']);
  });
  it('takes an unclosed front matter for text', () => {
    expect(scenesOf('---\ntitle: x')).toEqual(['title: x']);
  });
  it('has no scenes where there are no words', () => {
    expect(scenesOf('')).toEqual([]);
    expect(scenesOf(' \n\n# Only a heading\n\n![](asset:1)')).toEqual([]);
  });
  it('numbers scenes in order', () => {
    expect(splitStory(story).filter((piece) => piece.index >= 0).map((piece) => piece.index)).toEqual([0, 1, 2]);
  });
});

describe('places', () => {
  it('are found both ways', () => {
    const pieces = splitStory(story);
    expect(story.slice(startOfScene(pieces, 1)).startsWith('Second')).toBe(true);
    expect(sceneAt(pieces, story.indexOf('of two'))).toBe(0);
    expect(sceneAt(pieces, story.length)).toBe(2);
  });
});

describe('lengths', () => {
  it('count words in any writing', () => {
    expect(countWords('one two, three — 4')).toBe(4);
    expect(countWords('月が海を照らす')).toBe(4);
    expect(spokenText('a  b\n ![](asset:1)\nc')).toBe('a b c');
  });
  it('grow with words and shrink with speed', () => {
    expect(estimateMs('one two three', 1)).toBeGreaterThan(estimateMs('one', 1));
    expect(estimateMs('one two', 2)).toBeLessThan(estimateMs('one two', 1));
    expect(estimateMs('', 1)).toBe(0);
  });
});
