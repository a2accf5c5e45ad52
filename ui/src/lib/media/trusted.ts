// The page's one trusted-types policy. It lets through the page's own files and the colours of code, and nothing else.

interface Rules {
  createScriptURL: (url: string) => string;
  createHTML: (html: string) => string;
}
interface Policy {
  createScriptURL(url: string): unknown;
  createHTML(html: string): unknown;
}
interface Factory {
  createPolicy(name: string, rules: Rules): Policy;
}

const ownFile = (url: string): string => {
  const target = new URL(url, location.href);
  const isOwn = target.origin === location.origin && (target.pathname.startsWith('/_app/') || target.pathname === '/sw.js' || import.meta.env.DEV);
  if (!isOwn) throw new TypeError(`not a file of the page: ${url}`);
  return url;
};

const onlySpans = (html: string): string => {
  const isText = !/[<>]/.test(html.replace(/<span class="(?:hljs|language)-[\w\- ]+">|<\/span>/g, ''));
  if (!isText) throw new TypeError('not the colours of code');
  return html;
};

const rules: Rules = { createScriptURL: ownFile, createHTML: onlySpans };
let policy: Policy | null = null;

function ofPage(): Policy {
  const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
  policy ??= factory ? factory.createPolicy('atelier', rules) : rules;
  return policy;
}

export const trustedScriptUrl = (url: string): unknown => ofPage().createScriptURL(url);
export const trustedColours = (html: string): unknown => ofPage().createHTML(html);
