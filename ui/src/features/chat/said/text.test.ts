import { describe, expect, it } from 'vitest';
import { wordsIn } from '../count';
import { beginningOf, isSafeLink, spoken } from './text';

describe('text', () => {
  it('is counted in words', () => {
    expect(['', ' ', 'one', ' one\n two '].map(wordsIn)).toEqual([0, 0, 1, 2]);
  });
  it('begins at the end of a line where it is long', () => {
    expect(beginningOf('short')).toBe('short');
    expect(beginningOf('line\n'.repeat(5000))).toMatch(/line$/);
    expect(beginningOf('x'.repeat(9000))).toHaveLength(6000);
  });
  it('is read aloud without its marks', () => {
    expect(spoken('# Title\n\n- **one** of `two`\n\n```js\nconst x;\n```\n\nSee [the page](https://a.test).')).toBe('Title\n\none of two\n\n\n\nSee the page.');
  });
  it('goes only where the web is', () => {
    expect(['https://a.test', 'HTTP://a.test', 'javascript:alert(1)', '//a.test', 'data:text/html,x'].map(isSafeLink)).toEqual([true, true, false, false, false]);
  });
});
