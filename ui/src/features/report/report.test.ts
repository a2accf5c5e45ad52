import { describe as group, expect, it } from 'vitest';
import { deviceOf } from './device';
import { describe, Errors } from './errors';
import { Figures, isApiCall, shortSelector } from './figures';

group('errors of the page', () => {
  it('are told of once each, with how often they came', () => {
    const errors = new Errors();
    const broken = new TypeError('x is null');
    expect(errors.add(broken, '/c/1')).toBe(true);
    expect(errors.add(broken, '/c/1')).toBe(false);
    expect(errors.take()).toMatchObject([{ name: 'TypeError', message: 'x is null', page: '/c/1', count: 2 }]);
    expect(errors.add(broken, '/c/1')).toBe(false);
    expect(errors.take()).toEqual([]);
  });
  it('are bounded', () => {
    const errors = new Errors();
    let told = 0;
    for (let at = 0; at < 200; at++) {
      errors.add(new Error(`number ${at}`), '/');
      if (at % 5 === 0) told += errors.take().length;
    }
    expect(told + errors.take().length).toBe(20);
    expect(describe(new Error('x'.repeat(9000)), '/').message).toHaveLength(300);
  });
  it('leave out what was given up, and a server out of reach', () => {
    const errors = new Errors();
    expect(errors.add(new DOMException('no', 'AbortError'), '/')).toBe(false);
    expect(errors.add(Object.assign(new Error('off'), { isOffline: true }), '/')).toBe(false);
  });
  it('tell nothing of what is no error', () => {
    expect(describe('a prompt', '/')).toEqual({ name: 'string', message: '', stack: '', page: '/', count: 1 });
  });
});

group('figures of the page', () => {
  it('are the last of each metric, and few of those that come often', () => {
    const figures = new Figures('phone');
    figures.set('v1', 'CLS', 0.1, '/c/1', 'main > div:nth-child(2)');
    figures.set('v1', 'CLS', 0.2, '/c/1');
    for (let at = 0; at < 100; at++) figures.add('long_task', 60 + at, '/c/1');
    const told = figures.take();
    expect(told.filter(({ name }) => name === 'CLS')).toEqual([{ name: 'CLS', value: 0.2, page: '/c/1', device: 'phone' }]);
    expect(told.filter(({ name }) => name === 'long_task')).toHaveLength(12);
    expect(figures.take()).toEqual([]);
  });
  it('know calls of the API', () => {
    const at = (name: string) => isApiCall({ name, responseEnd: 5 }, 'http://h');
    expect(at('http://h/api/threads?after=1')).toBe(true);
    for (const name of ['http://h/api/events?x=1', 'http://h/api/page-figures', 'http://h/_app/x.js', 'http://other/api/threads']) expect(at(name)).toBe(false);
  });
  it('name elements shortly', () => {
    expect(shortSelector('main > div.a:nth-child(2) > p')).toBe('main>div.a>p');
    expect(shortSelector(undefined)).toBeUndefined();
  });
  it('know the device', () => {
    const window = (...matches: string[]) => ({ matchMedia: (query: string) => ({ matches: matches.includes(query) }) }) as unknown as Window;
    expect(deviceOf(window())).toBe('desktop');
    expect(deviceOf(window('(pointer: coarse)'))).toBe('phone');
    expect(deviceOf(window('(pointer: coarse)', '(min-width: 720px)'))).toBe('tablet');
  });
});
