// While assets are dragged, a page's link in the bar opens when they rest over it, so that they can be dropped there.
import type { Router } from '$lib/router/router.svelte';

const REST_MS = 600;

export function followDrag(router: Pick<Router, 'go'>): void {
  const end = new AbortController();
  let over: Element | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const rest = (link: HTMLAnchorElement | null): void => {
    if (link === over) return;
    over = link;
    clearTimeout(timer);
    if (link) timer = setTimeout(() => router.go(link.href), REST_MS);
  };
  const finish = (): void => {
    clearTimeout(timer);
    end.abort();
  };
  document.addEventListener('dragover', ({ target }) => rest(target instanceof Element ? target.closest<HTMLAnchorElement>('nav a[href^="/"]') : null), { signal: end.signal });
  // The tile it began at may be gone by then, and tell nobody of its end: a pointer that moves drags nothing any more.
  for (const type of ['dragend', 'drop', 'pointermove'] as const) document.addEventListener(type, finish, { signal: end.signal, capture: true });
}
