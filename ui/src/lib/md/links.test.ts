import { describe, expect, it } from 'vitest';
import { isDisguise, linkTarget } from './links';

const own = 'https://studio.example';
const href = (address: string): string | undefined => linkTarget(address, own)?.href;

describe('a link', () => {
  it('leads to the web, to mail and to pages of the studio', () => {
    expect(linkTarget('https://a.example/b?c=d#e', own)).toEqual({ href: 'https://a.example/b?c=d#e', host: 'a.example', isOutside: true });
    expect(linkTarget('HTTP://A.example:8080', own)).toEqual({ href: 'http://a.example:8080/', host: 'a.example:8080', isOutside: true });
    expect(linkTarget('mailto:one@a.example', own)).toEqual({ href: 'mailto:one@a.example', host: null, isOutside: true });
    expect(linkTarget('/shorts/1?tab=voice', own)).toEqual({ href: '/shorts/1?tab=voice', host: null, isOutside: false });
    expect(linkTarget('https://studio.example/library', own)).toEqual({ href: 'https://studio.example/library', host: null, isOutside: false });
    expect(href('https://a.example/?x=1&amp;y=2')).toBe('https://a.example/?x=1&y=2');
    expect(href('https://a.example/ä b')).toBe('https://a.example/%C3%A4%20b');
  });
  it.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    ' javascript:alert(1)',
    '\u0001javascript:alert(1)',
    'java\tscript:alert(1)',
    'java\nscript:alert(1)',
    'java&#10;script:alert(1)',
    'java&Tab;script:alert(1)',
    'javascript&colon;alert(1)',
    '&#106;avascript:alert(1)',
    '&#x6A;&#x61;vascript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'data:image/svg+xml;base64,PHN2Zz4=',
    'vbscript:msgbox(1)',
    'file:///etc/passwd',
    'blob:https://studio.example/1',
    'filesystem:https://studio.example/1',
    'view-source:https://a.example',
    'ftp://a.example',
    'tel:1',
    'intent://a.example',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/&Tab;/evil.example',
    '/&sol;evil.example',
    'https:evil.example',
    'https:/evil.example',
    'https://',
    'http://[',
    'https://studio.example@evil.example/',
    'https://studio.example:pass@evil.example/',
    'relative/path',
    '../up',
    '#anchor',
    '?query',
    '',
  ])('does not lead to %j', (address) => {
    expect(linkTarget(address, own)).toBeNull();
  });
  it.each<[string, string, boolean]>([
    ['https://bank.example', 'https://evil.example', true],
    ['www.bank.example/login', 'https://evil.example', true],
    ['https://bank.example@evil.example', 'https://evil.example', true],
    ['see https://a.example/b', 'https://a.example/c', false],
    ['www.a.example', 'http://www.a.example', false],
    ['the manual', 'https://a.example', false],
    ['https://bank.example', '/own', false],
  ])('that reads %j and leads to %j is a disguise: %s', (text, address, expected) => {
    expect(isDisguise(text, linkTarget(address, own)!)).toBe(expected);
  });
});
