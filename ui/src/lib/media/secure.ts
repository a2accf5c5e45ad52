// What an insecure origin (plain http on a local network) does not have, done another way.

export const randomHex = (byteCount: number): string => Array.from(crypto.getRandomValues(new Uint8Array(byteCount)), (byte) => byte.toString(16).padStart(2, '0')).join('');
// What a person starts is one trace from here on (W3C Trace Context).
export const newTrace = (): string => `00-${randomHex(16)}-${randomHex(8)}-01`;
export const newKey = (): string => (typeof crypto.randomUUID === 'function' ? crypto.randomUUID() : randomHex(16));

export async function copyText(text: string): Promise<boolean> {
  if (globalThis.isSecureContext && navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Refused by the person or the browser: the old way may still work.
    }
  }
  const area = document.createElement('textarea');
  const before = document.activeElement;
  area.value = text;
  area.setAttribute('readonly', '');
  area.style.cssText = 'position:fixed;inset:0;opacity:0';
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand('copy');
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  return isCopied;
}
