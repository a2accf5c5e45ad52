// Paths to pages. Plain, so that it is tested without a browser.

export interface Match<T> {
  route: T;
  params: Record<string, string>;
}

export function matchPath<T extends { path: string }>(routes: readonly T[], path: string): Match<T> | null {
  const parts = path.split('/').filter(Boolean);
  for (const route of routes) {
    const pattern = route.path.split('/').filter(Boolean);
    if (pattern.length !== parts.length) continue;
    const params: Record<string, string> = {};
    const isMatch = pattern.every((piece, index) => {
      const part = parts[index] ?? '';
      if (!piece.startsWith(':')) return piece === part;
      const value = decode(part);
      if (value === null) return false;
      params[piece.slice(1)] = value;
      return true;
    });
    if (isMatch) return { route, params };
  }
  return null;
}

function decode(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

// Whether a click on a link is ours to follow, rather than the browser's.
export function isOurs(event: MouseEvent, link: HTMLAnchorElement, origin: string): boolean {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return false;
  if (link.target && link.target !== '_self') return false;
  if (link.hasAttribute('download')) return false;
  const url = new URL(link.href);
  return url.origin === origin && !url.pathname.startsWith('/api/') && !url.pathname.startsWith('/_app/');
}

// The query with some values set, and those that are empty taken out.
export function changedQuery(search: string, changes: Record<string, string | null>): string {
  const query = new URLSearchParams(search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  return text ? `?${text}` : '';
}
