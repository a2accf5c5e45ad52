import { describe, expect, it } from 'vitest';
import { History } from './history.svelte';

function changing() {
  const history = new History();
  const box = { value: 0 };
  const set = (value: number): void => {
    const before = box.value;
    box.value = value;
    history.add({ redo: () => void (box.value = value), undo: () => void (box.value = before) });
  };
  return { history, box, set };
}

describe('History', () => {
  it('goes back and on', () => {
    const { history, box, set } = changing();
    set(1);
    set(2);
    history.undo();
    history.undo();
    history.undo();
    expect(box.value).toBe(0);
    expect(history.canUndo).toBe(false);
    history.redo();
    expect(box.value).toBe(1);
  });
  it('forgets what was undone once something new is done', () => {
    const { history, box, set } = changing();
    set(1);
    history.undo();
    set(5);
    expect(history.canRedo).toBe(false);
    history.redo();
    expect(box.value).toBe(5);
  });
  it('keeps two hundred steps', () => {
    const { history, box, set } = changing();
    for (let value = 1; value <= 300; value += 1) set(value);
    while (history.canUndo) history.undo();
    expect(box.value).toBe(100);
  });
});
