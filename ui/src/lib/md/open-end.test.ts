import { expect, it } from 'vitest';
import { closeMarks } from './open-end';
import { MarkdownDocument } from './document';

it.each([
  ['plain', 'plain'],
  ['a **b', 'a **b**'],
  ['a **b ', 'a **b**'],
  ['a **b*', 'a **b**'],
  ['a **b** c', 'a **b** c'],
  ['a **', 'a '],
  ['2 ** 3', '2 ** 3'],
  ['a \\**b', 'a \\**b'],
  ['~~a', '~~a~~'],
  ['__a', '__a__'],
  ['a `b', 'a `b`'],
  ['a ``b ` c', 'a ``b ` c``'],
  ['a `', 'a '],
  ['a `b` c `d', 'a `b` c `d`'],
  ['`**` and **a', '`**` and **a**'],
  ['see [this](https://a.exa', 'see this'],
  ['**see [this](https://a', '**see this**'],
  ['see ![this](', 'see this'],
  ['see [this](https://a.example)', 'see [this](https://a.example)'],
  ['a[0', 'a[0'],
])('reads %j as %j while it is open', (source, expected) => {
  expect(closeMarks(source)).toBe(expected);
});

it('shows the end so while it is open, and as it is once it is not', () => {
  const text = 'First **bold**.\n\n- one\n- two **bo';
  const shown = (isOpen: boolean): string => JSON.stringify(new MarkdownDocument().read(text, isOpen).flatMap(({ blocks }) => blocks.map(({ token }) => token)).at(-1));
  expect(shown(true)).toContain('"type":"strong","raw":"**bo**"');
  expect(shown(false)).not.toContain('strong');
});
