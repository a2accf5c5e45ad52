import { describe, expect, it } from 'vitest';
import type { Message, PartDelta } from '$lib/api/chat-types';
import { Entry, unsent } from './entry.svelte';

const answering = (parts: Message['parts'] = []): Entry => new Entry({ ...unsent('assistant', parts, 'm'), number: 2, state: 'answering' });
const grow = (entry: Entry, ...deltas: PartDelta[][]): void => deltas.forEach((parts, at) => expect(entry.grow({ thread: 't', number: 2, seq: entry.seq + 1, parts }), `delta ${at}`).toBe(true));

describe('an answer that calls tools', () => {
  it('grows by calls, what is noted on them, and what they gave', () => {
    const entry = answering();
    grow(
      entry,
      [{ at: 0, type: 'text', text: 'I look.' }, { at: 1, type: 'tool_call', id: 'c', name: 'clock', text: '' }],
      [{ at: 1, type: 'tool_call', id: '', name: '', text: '{"zone":' }],
      [{ at: 1, type: 'tool_call', id: '', name: '', text: '"UTC"}' }],
    );
    expect(entry.parts[1]!.part).toMatchObject({ type: 'tool_call', id: 'c', name: 'clock' });
    expect(entry.parts[1]!.text).toBe('{"zone":"UTC"}');
    grow(entry, [{ at: 1, type: 'tool_call', id: '', name: '', text: '', title: 'Clock', effect: 'Looks.', approval: 'allowed' }], [{ at: 2, type: 'tool_result', id: 'c', name: 'clock', text: 'noon', is_error: false }]);
    expect(entry.plainParts()).toEqual([
      { type: 'text', text: 'I look.' },
      { type: 'tool_call', id: 'c', name: 'clock', arguments: '{"zone":"UTC"}', title: 'Clock', effect: 'Looks.', approval: 'allowed' },
      { type: 'tool_result', id: 'c', name: 'clock', text: 'noon', is_error: false },
    ]);
    expect(entry.text).toBe('I look.');
  });
  it('is not open while it waits, and is again once it goes on', () => {
    const call = { type: 'tool_call', id: 'c', name: 'clock', arguments: '{}', approval: 'waiting' } as const;
    const entry = answering([call]);
    expect(entry.hear({ ...unsent('assistant', [call], 'm'), number: 2, state: 'waiting', seq: 0 })).toBe(true);
    expect(entry.isOpen).toBe(false);
    expect(entry.hear({ ...unsent('assistant', [{ ...call, approval: 'allowed' }], 'm'), number: 2, state: 'answering', seq: 0 })).toBe(true);
    expect(entry.isOpen).toBe(true);
    expect(entry.parts[0]!.part).toMatchObject({ approval: 'allowed' });
    grow(entry, [{ at: 1, type: 'tool_result', id: 'c', name: 'clock', text: 'noon', is_error: false }]);
    expect(entry.parts).toHaveLength(2);
  });
});
