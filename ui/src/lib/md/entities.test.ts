import { expect, it } from 'vitest';
import { decodeEntities } from './entities';

it('reads references once, and leaves what is none', () => {
  expect(decodeEntities('a &amp; b &lt;c&gt; &#169; &#xA9; &nbsp;&copy;&apos;')).toBe("a & b <c> © © \u00a0©'");
  expect(decodeEntities('&amp;lt; &#38;lt; &amp;#60;')).toBe('&lt; &lt; &#60;');
  expect(decodeEntities('& &; &nosuch; &constructor; &#; &#x; AT&T &amp')).toBe('& &; &nosuch; &constructor; &#; &#x; AT&T &amp');
  expect(decodeEntities('&#0;&#xD800;&#1114112;')).toBe('\ufffd\ufffd\ufffd');
  expect(decodeEntities('&colon;&Tab;&NewLine;&ast;&grave;&dollar;')).toBe(':\t\n*`$');
});
