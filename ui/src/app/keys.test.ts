import { beforeAll, describe, expect, it, vi } from 'vitest';
import { goOnKeys } from './keys';

class Plain {}
beforeAll(() => {
  vi.stubGlobal('document', { querySelector: () => null });
  vi.stubGlobal('HTMLElement', Plain);
});
const key = (name: string, timeStamp: number): KeyboardEvent => ({ key: name, timeStamp, target: null, preventDefault: () => {} }) as unknown as KeyboardEvent;

describe('goOnKeys', () => {
  it('goes where `g` and a letter say, and nowhere for the letter alone, however young the page is', () => {
    const gone: string[] = [];
    const press = goOnKeys({ go: (path) => gone.push(path), help: () => {}, find: () => {}, warm: () => {} });
    press(key('e', 300));
    expect(gone).toEqual([]);
    press(key('g', 400));
    press(key('e', 500));
    press(key('m', 600));
    expect(gone).toEqual(['/settings']);
    press(key('g', 1000));
    press(key('m', 3000));
    expect(gone).toEqual(['/settings']);
  });
});
