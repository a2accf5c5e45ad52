import { describe, expect, it } from 'vitest';
import { carry, lineOfWords, putIn, takeOut } from './pictures';

describe('takeOut', () => {
  it('gives a picture on a line of its own to the scene that follows', () => {
    expect(takeOut('![](asset:1)\nFirst.\n\nSecond.\n\n![sea](asset:3)\n\nThird.\n')).toEqual({ text: 'First.\n\nSecond.\n\nThird.\n', pictures: ['1', null, '3'] });
  });
  it('gives a picture among words to its own scene, and one at the end to the last', () => {
    expect(takeOut('A ![x](asset:1) b.\n\nC.\n\n![](asset:2)')).toEqual({ text: 'A b.\n\nC.\n\n', pictures: ['1', '2'] });
  });
  it('leaves what the server will refuse for the person to see', () => {
    const two = '![](asset:1) A ![](asset:2).';
    expect(takeOut(two)).toEqual({ text: two, pictures: [null] });
    expect(takeOut('![](sea.jpg)\nA.').text).toBe('![](sea.jpg)\nA.');
  });
  it('keeps headings and front matter', () => {
    const story = '---\nbackground: asset:9\n---\n# T\n\n![](asset:1)\nA.';
    expect(takeOut(story)).toEqual({ text: '---\nbackground: asset:9\n---\n# T\n\nA.', pictures: ['1'] });
  });
});

describe('putIn', () => {
  it('writes what is taken out the same again, whatever is being typed', () => {
    const words = ['A.', 'A.\n', '\n\nA.\n\n\n\nB\nb.\n \nC', '# H\nA\n## I\nB', '---\ntitle: x\n---\nA.\n\nB.', '- a\n- b\n\n> q', 'A.\r\n\r\nB.\r\n', '   A\n\n\tB', ' '];
    for (const text of words)
      for (const pictures of [['1', null, '3'], [null, '2'], ['1', '2', '3']]) {
        const taken = takeOut(putIn({ text, pictures }));
        expect(taken.text).toBe(text);
        taken.pictures.forEach((picture, at) => expect(picture).toBe(pictures[at] ?? null));
      }
  });
});

describe('lineOfWords', () => {
  it('does not count the lines of pictures', () => {
    const story = '![](asset:1)\nA.\n\n![](asset:2)\nB.';
    expect([1, 2, 3, 4, 5].map((line) => lineOfWords(story, line))).toEqual([1, 1, 2, 3, 3]);
  });
});

describe('carry', () => {
  const before = { text: 'The lamp is lit.\n\nThe ships come home.\n\nAll is well.', pictures: ['1', '2', null] };
  const after = (text: string, attic = new Map<string, string>()) => carry(before, text, attic);

  it('follows a scene that is edited, however much', () => {
    expect(after('The lamp was lit.\n\nThe ships come home.\n\nAll is well.')).toEqual(['1', '2', null]);
    expect(after('X\n\nThe ships come home.\n\nAll is well.')).toEqual(['1', '2', null]);
  });
  it('follows scenes past new ones', () => {
    expect(after('New.\n\nThe lamp is lit.\n\nThe ships come home.\n\nAll is well.')).toEqual([null, '1', '2', null]);
    expect(after('The lamp is lit.\n\nNew.\n\nThe ships come home.\n\nAll is well.')).toEqual(['1', null, '2', null]);
  });
  it('stays with the first half of a scene that is split', () => {
    expect(after('The lamp is lit.\n\nThe ships\n\ncome home.\n\nAll is well.')).toEqual(['1', '2', null, null]);
  });
  it('keeps one picture of scenes that are joined', () => {
    expect(after('The lamp is lit. The ships come home.\n\nAll is well.')).toEqual(['1', null]);
    expect(after('The lamp is lit.\n\nThe ships come home. All is well.')).toEqual(['1', '2']);
  });
  it('is lost with the scene, and had back with its words', () => {
    const attic = new Map<string, string>();
    const cut = 'The ships come home.\n\nAll is well.';
    const pictures = after(cut, attic);
    expect(pictures).toEqual(['2', null]);
    expect(carry({ text: cut, pictures }, `${cut}\n\nThe lamp is lit.`, attic)).toEqual(['2', null, '1']);
  });
  it('is not given to another story', () => {
    expect(after('Once upon a time.\n\nThere was a king.')).toEqual([null, null]);
  });
  it('survives that everything is deleted and undone', () => {
    const attic = new Map<string, string>();
    expect(after('', attic)).toEqual([]);
    expect(carry({ text: '', pictures: [] }, before.text, attic)).toEqual(['1', '2', null]);
  });
});
