// Where a link in someone's text may lead. Anything else is shown as text.
import { decodeEntities } from './entities';

export interface Target {
  href: string; // as the browser reads it, so that what was judged is what is followed
  host: string | null; // null within the page's own origin, and for mail
  isOutside: boolean;
}

// `own` is the page's origin, "https://studio.example".
export function linkTarget(address: string, own: string): Target | null {
  // The browser drops these wherever they stand, so they are dropped before the judging too.
  const plain = decodeEntities(address).replace(/[\u0000-\u001f\u007f]/g, '').trim();
  const isPath = /^\/(?![/\\])/.test(plain);
  if (!isPath && !/^(?:https?:\/\/|mailto:)/i.test(plain)) return null;
  if (!URL.canParse(plain, own)) return null;
  const url = new URL(plain, own);
  if (isPath) return url.origin === own ? { href: url.pathname + url.search + url.hash, host: null, isOutside: false } : null;
  if (url.protocol === 'mailto:') return { href: url.href, host: null, isOutside: true };
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return null;
  // "https://bank.example@evil.example" reads as the one and leads to the other.
  if (url.username !== '' || url.password !== '') return null;
  return { href: url.href, host: url.origin === own ? null : url.host, isOutside: url.origin !== own };
}

// Whether `text`, as it was written, reads as an address of another host than the one it leads to. Pictures in it say where they are.
export function isDisguise(text: string, target: Target): boolean {
  const read = text.replace(/!\[[^\]]*\]\([^)]*\)/g, '');
  const named = /(?:https?:\/\/|www\.)[^\s/?#]+/i.exec(read)?.[0];
  if (named === undefined || !target.isOutside) return false;
  return linkTarget(/^www\./i.test(named) ? `https://${named}` : named, 'null:')?.host !== target.host;
}
