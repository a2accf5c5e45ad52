import { changedQuery, isOurs } from './match';

// Where the person is. The address bar is the truth; this follows it.
export class Router {
  #url = $state.raw(new URL(location.href));

  get path(): string {
    return this.#url.pathname;
  }
  get hash(): string {
    return this.#url.hash;
  }
  query(name: string): string {
    return this.#url.searchParams.get(name) ?? '';
  }

  start(): () => void {
    const onPop = (): void => void (this.#url = new URL(location.href));
    const onClick = (event: MouseEvent): void => {
      const link = event.target instanceof Element ? event.target.closest('a') : null;
      if (!link?.href || !isOurs(event, link, location.origin)) return;
      event.preventDefault();
      this.go(link.href);
    };
    addEventListener('popstate', onPop);
    document.addEventListener('click', onClick);
    return () => {
      removeEventListener('popstate', onPop);
      document.removeEventListener('click', onClick);
    };
  }

  go(href: string, options: { replace?: boolean } = {}): void {
    const url = new URL(href, location.href);
    if (url.href === location.href) return;
    if (options.replace) history.replaceState(null, '', url);
    else history.pushState(null, '', url);
    const isNewPage = url.pathname !== this.#url.pathname;
    this.#url = url;
    if (isNewPage) scrollTo(0, 0);
  }

  // Tabs and filters: part of the address, not a step back.
  setQuery(changes: Record<string, string | null>): void {
    this.go(this.#url.pathname + changedQuery(this.#url.search, changes), { replace: true });
  }
}
