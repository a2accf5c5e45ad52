import { describe, expect, it } from 'vitest';
import { trustedColours } from '../media/trusted';
import { colour, colouredMost } from './colour';
import { languageOf } from './languages';

describe('code', () => {
  it('is coloured by the name behind its fence, whatever that is called', async () => {
    expect(await colour('const a = 1;', 'JS')).toBe('<span class="hljs-keyword">const</span> a = <span class="hljs-number">1</span>;');
    expect(await colour('<style>a { color: red }</style>', 'html')).toContain('hljs-attribute');
    expect(languageOf('c++')?.name).toBe('cpp');
    expect(languageOf('constructor')).toBeNull();
  });
  it('stays plain in an unknown language, and where colouring would hold up a frame', async () => {
    expect(await colour('x', 'no-such')).toBeNull();
    expect(await colour('x'.repeat(colouredMost + 1), 'js')).toBeNull();
  });
  it.each(['js', 'html', 'python', 'markdown', 'php', 'bash', 'css', 'json', 'sql', 'yaml', 'rust', 'latex'])('that attacks is text in %s', async (word) => {
    const attack = '</span></code><img src=x onerror=alert(1)><script>alert(1)</script> "<svg/onload=alert(1)>" `<b>` # <i> // <u> /* <a href="javascript:1"> */ &lt;img&gt;';
    const html = (await colour(attack, word))!;
    expect(trustedColours(html)).toBe(html);
    const text = html.replace(/<[^>]*>/g, '').replace(/&(lt|gt|quot|#x27|amp);/g, (_all, name: string) => ({ lt: '<', gt: '>', quot: '"', '#x27': "'", amp: '&' })[name]!);
    expect(text).toBe(attack);
  });
});

describe('the sink', () => {
  it.each(['<img src=x onerror=alert(1)>', '<span onclick="alert(1)">', '<span class="a" style="x">', '<span class="a"onclick=x>', '<span class="hljs-a<b">', '<span class="visually-hidden">', '<script>', '<!-- -->', '<span class="hljs-x"><math></span>', '<', '<svg>'])(
    'refuses %j',
    (html) => {
      expect(() => trustedColours(html)).toThrow('not the colours of code');
    },
  );
});
