import { describe, expect, it } from 'vitest';
import { Listener, type Recognition } from './listener.svelte';

function house() {
  const said: string[] = [];
  const done: string[] = [];
  const recognition: Recognition = { lang: '', continuous: false, interimResults: false, onresult: null, onerror: null, onend: null, start: () => done.push('start'), stop: () => done.push('stop'), abort: () => done.push('abort') };
  const listener = new Listener(() => recognition, (words) => said.push(words));
  const hear = (resultIndex: number, ...results: [string, boolean][]): void => recognition.onresult?.({ resultIndex, results: results.map(([transcript, isFinal]) => Object.assign([{ transcript }], { isFinal })) });
  return { said, done, recognition, listener, hear };
}

describe('Listener', () => {
  it('gives words once they are sure, each once', () => {
    const { said, listener, hear, recognition } = house();
    listener.start('en-GB');
    expect([listener.isListening, recognition.lang]).toEqual([true, 'en-GB']);
    hear(0, ['the la', false]);
    expect([said, listener.unsure]).toEqual([[], 'the la']);
    hear(0, ['the lamp', true], [' is l', false]);
    hear(1, ['the lamp', true], [' is lit ', true]);
    expect([said, listener.unsure]).toEqual([['the lamp', 'is lit'], '']);
    recognition.onend?.();
    expect(listener.isListening).toBe(false);
  });
  it('says why it heard nothing', () => {
    const { listener, recognition } = house();
    for (const [error, trouble] of [['not-allowed', 'refused'], ['no-speech', 'silent'], ['network', 'failed'], ['aborted', '']] as const) {
      listener.start('en');
      recognition.onerror?.({ error });
      expect(listener.trouble).toBe(trouble);
    }
    const none = new Listener(() => { throw new Error('none'); }, () => {});
    none.start('en');
    expect([none.isListening, none.trouble]).toEqual([false, 'failed']);
  });
  it('hears nothing more once it is let go', () => {
    const { said, done, listener, hear } = house();
    listener.start('en');
    listener.dispose();
    hear(0, ['late', true]);
    expect([said, done, listener.isListening]).toEqual([[], ['start', 'abort'], false]);
  });
});
