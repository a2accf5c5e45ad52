import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Undoable } from './undoable';

describe('Undoable', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('sends after ten seconds', () => {
    const send = vi.fn();
    new Undoable().start('a', send);
    vi.advanceTimersByTime(9_900);
    expect(send).not.toHaveBeenCalled();
    vi.advanceTimersByTime(200);
    expect(send).toHaveBeenCalledExactlyOnceWith(false);
  });
  it('sends nothing once undone', () => {
    const send = vi.fn();
    const undoable = new Undoable();
    undoable.start('a', send);
    expect(undoable.undo('a')).toBe(true);
    expect(undoable.undo('a')).toBe(false);
    vi.advanceTimersByTime(20_000);
    expect(send).not.toHaveBeenCalled();
  });
  it('sends what waits when the page goes away, once', () => {
    const send = vi.fn();
    const undoable = new Undoable();
    undoable.start('a', send);
    undoable.flush();
    vi.advanceTimersByTime(20_000);
    expect(send).toHaveBeenCalledExactlyOnceWith(true);
  });
});
