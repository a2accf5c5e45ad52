import { describe, expect, it } from 'vitest';
import { laidOut, standingOf, type Call, type CallResult } from './standing';

const call = (approval?: Call['approval']): Call => ({ type: 'tool_call', id: 'c', name: 'clock', arguments: '{}', ...(approval ? { approval } : {}) });
const result = (is_error: boolean): CallResult => ({ type: 'tool_result', id: 'c', name: 'clock', text: 'x', is_error });

describe('a call of a tool', () => {
  it('stands as its answer and its reader say', () => {
    expect(standingOf(call(), null, 'answering')).toBe('preparing');
    expect(standingOf(call('waiting'), null, 'waiting')).toBe('asks');
    expect(standingOf(call('allowed'), null, 'waiting')).toBe('allowed'); // another one is still asked for
    expect(standingOf(call('allowed'), null, 'answering')).toBe('running');
    expect(standingOf(call('allowed'), result(false), 'answering')).toBe('done');
    expect(standingOf(call('allowed'), result(true), 'complete')).toBe('failed');
    expect(standingOf(call('denied'), null, 'waiting')).toBe('denied');
    expect(standingOf(call('denied'), result(true), 'complete')).toBe('denied');
    for (const state of ['stopped', 'interrupted', 'failed', 'complete'] as const) expect(standingOf(call('waiting'), null, state)).toBe('notRun');
  });
  it('shows what it was given a field a line, whatever that is', () => {
    expect(laidOut('{"a":1,"b":"x"}')).toBe('{\n  "a": 1,\n  "b": "x"\n}');
    expect(laidOut('{"a":')).toBe('{"a":');
    expect(laidOut('')).toBe('');
  });
});
