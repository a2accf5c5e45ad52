import { describe, expect, it } from 'vitest';
import { changedQuery, isOurs, matchPath } from './match';

const routes = [{ path: '/shorts' }, { path: '/shorts/:id' }] as const;

describe('matchPath', () => {
  it('finds the page and its parameters', () => {
    expect(matchPath(routes, '/shorts/')).toMatchObject({ route: routes[0], params: {} });
    expect(matchPath(routes, '/shorts/a%20b')).toMatchObject({ route: routes[1], params: { id: 'a b' } });
    expect(matchPath(routes, '/shorts/a/b')).toBeNull();
    expect(matchPath(routes, '/shorts/%E0%A4%A')).toBeNull();
  });
});

describe('changedQuery', () => {
  it('sets and takes out', () => {
    expect(changedQuery('?tab=voice&a=1', { tab: null })).toBe('?a=1');
    expect(changedQuery('', { state: 'running', odd: '' })).toBe('?state=running');
    expect(changedQuery('?a=1', { a: null })).toBe('');
  });
});

describe('isOurs', () => {
  const link = (href: string, attributes: Record<string, string> = {}) =>
    ({ href, target: attributes['target'] ?? '', hasAttribute: (name: string) => name in attributes }) as unknown as HTMLAnchorElement;
  const click = (more: Partial<MouseEvent> = {}) => ({ button: 0, defaultPrevented: false, ...more }) as MouseEvent;
  const origin = 'http://studio.test';

  it('leaves downloads, other sites and new tabs to the browser', () => {
    expect(isOurs(click(), link(`${origin}/shorts`), origin)).toBe(true);
    expect(isOurs(click({ ctrlKey: true }), link(`${origin}/shorts`), origin)).toBe(false);
    expect(isOurs(click({ button: 1 }), link(`${origin}/shorts`), origin)).toBe(false);
    expect(isOurs(click(), link(`${origin}/shorts`, { target: '_blank' }), origin)).toBe(false);
    expect(isOurs(click(), link(`${origin}/x`, { download: '' }), origin)).toBe(false);
    expect(isOurs(click(), link(`${origin}/api/assets/1/content`), origin)).toBe(false);
    expect(isOurs(click(), link('http://other.test/shorts'), origin)).toBe(false);
  });
});
