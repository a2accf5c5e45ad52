import { describe, expect, it } from 'vitest';
import { MarkdownDocument, type Group } from './document';
import { InlineMemo, Piece } from './lexer';
import { levelHeadings } from './outline';
import { isDrawn, type BlockToken } from './tokens';

// What is drawn, without what only lexing needs.
const plain = (tokens: readonly BlockToken[]): string => JSON.stringify(tokens, (name, value: unknown) => (name === 'raw' ? undefined : value), 1);

function drawn(groups: readonly Group[]): string {
  const blocks = groups.flatMap((group) => group.blocks);
  expect(blocks.map(({ key, isClosed }) => [key, isClosed])).toEqual(blocks.map((_block, at) => [at, true]));
  return plain(blocks.map(({ token }) => token));
}
const whole = (text: string, longest?: number): string => drawn(new MarkdownDocument(longest).read(text, false));

// The same text in one go, by the lexer alone.
function reference(text: string): string {
  const piece = new Piece(text.replace(/\r\n?/g, '\n'), {});
  const tokens = piece.readInline(new InlineMemo()).filter(isDrawn);
  levelHeadings(tokens, []);
  return plain(tokens);
}

function streamed(text: string, size: (at: number) => number, longest?: number): string {
  const document = new MarkdownDocument(longest);
  for (let end = size(0); end < text.length; end += size(end)) document.read(text.slice(0, end), true);
  return drawn(document.read(text, false));
}

// The same numbers in every run.
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const texts: Record<string, string> = {
  paragraphs: 'One *two* **three**\nfour `five`\n\nSix ~~seven~~\\\neight & &amp; &#169; &copy; 1 &lt; 2\n\n\n\nnine',
  headings: '# A\ntext\n### B #\nmore\n\nSetext\n===\n\nlower\nlines\n---\n\n---\n***\n##\n#no',
  lists: '- a\n- b\n\n  more b\n- c\n\n\n1. one\n2. two\n   - in\n     - deeper\n\n     par\n   - out\n10) ten\n\n* star\n+ plus\n',
  tasks: '- [ ] open\n- [x] done\n  - [X] in **it**\n\n- [ ] loose\n\nend',
  'nested lists with code': '1. Do:\n\n   ```sh\n   ls -la\n\n   cd\n   ```\n\n2. Then\n   > quote\n   > more\n\n       code\n\n3. # Head\n',
  tables: 'Before\n| a | b |\n|---|:-:|\n| 1 | `x\\|y` |\n| *2* |\n\n| no | table |\nafter\n\na | b\n- | -\n1 | 2\n\nlast',
  fences: 'x\n```ts\nconst a = `b`;\n\n# not\n```\ny\n~~~\n```\n~~~~\n````md\n```\n````\n\n```\nopen\n\nstill',
  'fence at once': '```\na\n```',
  'fence that never ends': 'a\n\n```py\nprint("``")\n``\n`',
  'code by indent': 'a\n\n    b\n\n    c\n\n\nd\n    e\n',
  quotes: '> a\nlazy\n> b\n\n> # h\n> - x\n> - y\n\n> > deep\n> still\n',
  html: '<div>\n*a*\n\n*b*\n</div>\n\n<!-- note\n\nmore -->\ntext <b>x</b> <a href="*">*y*</a> http://a.example\n\n<script>\n\nalert(1)\n\n</script>\n\nend <img src=x onerror=alert(1)>',
  'links defined late': 'See [one], [two][2] and [the\nthird][ Long  Name ].\n\n- [one] in a list\n\n> [a\n> b][2]\n\n# [two][2]\n\n| [one] |\n|---|\n| [2] |\n\n[one]: https://one.example\n[2]: <https://two.example> "Title"\n\n[long name]:\n  /three\n  \'t\'\n\n[one]: https://never.example',
  'definition at the very end': '[a] and [b]\n\ntext\n\n[a]: /a\n[b]: /b "unfinished\n\n[c]: /c',
  maths: 'Let \\(a_1 * b_2\\) and $$x_1$$ be\n$$\nx = *y*\n$$\nand\n\n\\[\na_b\n\\]\n\n$$ never\n\nends $5 and \\[x\\]\n\n- \\(p\\)\n\n  $$q$$\n',
  'formulas in emphasis': '*a \\(b*c\\) d* and __x \\(y__z\\)__, $$a*b$$ *c*',
  'line ends': 'a\r\nb\r\n\r\n- c\r\n- d\r\n\r\n```js\r\ne\r\n```\r\nf\r\rg\r\n\r\n| h |\r\n|---|\r\n| i |\r\n\r',
  'only blank': '\n\n  \n',
  'empty at first': '\n\n\n    code\n\ntext',
  'levels in containers': '## A\n\n> # B\n> ### C\n\n- #### D\n\n###### E\n\n# F',
};
texts['everything'] = Object.values(texts).filter((text) => !/\n(?:```|~~~)[^\n]*\n(?![\s\S]*\n(?:```|~~~))/.test(text)).join('\n\n');
texts['forty blocks'] = Array.from({ length: 40 }, (_none, at) => `${'#'.repeat((at % 4) + 1)} H${at}\n\nText ${at} with [late].`).join('\n\n') + '\n\n[late]: /late';

describe('a text that streams', () => {
  it.each(Object.entries(texts))('gives the blocks of the whole: %s', (_name, text) => {
    const expected = reference(text);
    expect(whole(text)).toBe(expected);
    const most = text.length > 1000 ? 40 : text.length + 1;
    for (let size = 1; size <= most; size += 1) expect(streamed(text, () => size), `chunks of ${size}`).toBe(expected);
  });
  it('gives the blocks of the whole however pieces of them meet', () => {
    const random = sequence(7);
    const odd = ['    x', '\t- a', '  ', '> ```', '  > - q', '<div', '-->', '<!--', '<?x', '?>', '<![CDATA[', '[a]: /b "t', '"', "'", '[a]:', '[a', 'b]: /c', '| - |', '-', '1)', '=', '`', '**a', 'b**', '\\', '$$', '\\]', '- ```', '  ```', '   - [ ] x', '~~~', '</script>', '<x-y>'];
    const lines = [...new Set([...odd, ...Object.values(texts).flatMap((text) => text.split(/\r?\n/))])];
    const pick = (count: number): number => Math.floor(random() * count);
    for (let round = 0; round < 250; round += 1) {
      const text = Array.from({ length: 2 + pick(10) }, () => (pick(4) === 0 ? '' : lines[pick(lines.length)]!)).join(pick(8) === 0 ? '\r\n' : '\n');
      const expected = reference(text);
      expect(whole(text), JSON.stringify(text)).toBe(expected);
      expect(streamed(text, () => 1), JSON.stringify(text)).toBe(expected);
      expect(streamed(text, () => 1 + pick(12)), JSON.stringify(text)).toBe(expected);
      const longest = 10 + pick(40);
      const cut = whole(text, longest);
      expect(streamed(text, () => 1, longest), JSON.stringify([text, longest])).toBe(cut);
      expect(streamed(text, () => 1 + pick(12), longest), JSON.stringify([text, longest])).toBe(cut);
    }
  }, 60_000);
  it('is cut where a block of it is too long', () => {
    const groups = new MarkdownDocument(100).read(`${'a line of words\n'.repeat(20)}\n\`\`\`\n${'code\n'.repeat(100)}\`\`\`\n${'- item\n'.repeat(50)}\n| a |\n|---|\n${'| b |\n'.repeat(50)}`, false);
    const types = groups.flatMap(({ blocks }) => blocks.map(({ token }) => token.type));
    expect(types).toEqual(['paragraph', 'paragraph', 'paragraph', 'code', 'list', 'table']);
  });
  it.each<[string, string]>([
    ['plain', Array.from({ length: 12 }, (_none, at) => `- item *${at}* with more`).join('\n') + '\n\nAfter it.'],
    ['numbered', Array.from({ length: 12 }, (_none, at) => `${at + 3}. item\n   - inner ${at}\n   - other\n`).join('') + '\n1) another'],
    ['loose', Array.from({ length: 8 }, (_none, at) => `* item ${at}\n\n  more\n\n      code\n\n`).join('') + '- another\n- list\n'],
    ['loose late', '- a\n- b\n- c\n- d\n\n- e\n- f\n- g\n'],
    ['of tasks', '- [ ] a\n- [x] b\n- [ ] c\n- [x] d\n\n# Then\n'],
    ['with lazy lines', '- a\n- b\nlazy\n- c\n- d\n---\n- e\n'],
    ['with headings and quotes', '- # A\n- ## B\n- > c\n- ### D\n- e\n  ===\n- f\n> g\n'],
    ['with definitions', '- a\n- b\n\n  [x]: /x\n- c [x]\n- d [x]\n- e [x]\n'],
  ])('shows a list that is open as it is read so far: %s', (_name, text) => {
    const document = new MarkdownDocument();
    for (let end = 1; end <= text.length; end += 1) {
      const groups = document.read(text.slice(0, end), true);
      expect(plain(groups.flatMap(({ blocks }) => blocks.map(({ token }) => token))), JSON.stringify(text.slice(0, end))).toBe(reference(text.slice(0, end)));
    }
  });
  it('keeps what did not change', () => {
    const document = new MarkdownDocument();
    const text = Array.from({ length: 100 }, (_none, at) => `Paragraph ${at}.\n\n`).join('') + '- a\n- b\n- c\n- d\n- e';
    const before = document.read(text, true);
    const after = document.read(text + ' and more', true);
    expect(after.slice(0, -1)).toEqual(before.slice(0, -1));
    after.slice(0, -1).forEach((group, at) => expect(group).toBe(before[at]));
    const [was, is] = [before, after].map((groups) => groups.at(-1)!.blocks);
    is!.slice(0, -1).forEach((block, at) => expect(block).toBe(was![at]));
    const items = (blocks: typeof is): unknown[] => (blocks!.at(-1)!.token as { items: unknown[] }).items;
    expect(items(is).slice(0, 4).every((item, at) => item === items(was)[at])).toBe(true);
    expect(items(is)[4]).not.toBe(items(was)[4]);
  });
  it('is read afresh when it is another', () => {
    const document = new MarkdownDocument();
    document.read('# One\n\ntwo\n\nthree', true);
    expect(drawn(document.read('# Other', false))).toBe(whole('# Other'));
    document.read('# Other\n\nmore', true);
    expect(drawn(document.read('# Other\n\nmore text', false))).toBe(whole('# Other\n\nmore text'));
    document.read('', true);
    expect(drawn(document.read('a', false))).toBe(whole('a'));
  });
});
