// The page's one trusted-types policy. It lets through the page's own files, and nothing else.

interface Policy {
  createScriptURL(url: string): unknown;
}
interface Factory {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): Policy;
}

const ownFile = (url: string): string => {
  const target = new URL(url, location.href);
  const isOwn = target.origin === location.origin && (target.pathname.startsWith('/_app/') || target.pathname === '/sw.js' || import.meta.env.DEV);
  if (!isOwn) throw new TypeError(`not a file of the page: ${url}`);
  return url;
};

let policy: Policy | null = null;

export function trustedScriptUrl(url: string): unknown {
  const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
  if (!factory) return ownFile(url);
  policy ??= factory.createPolicy('atelier', { createScriptURL: ownFile });
  return policy.createScriptURL(url);
}
