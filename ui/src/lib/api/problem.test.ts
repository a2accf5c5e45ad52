import { describe, expect, it } from 'vitest';
import { asProblem, isAbort, lineOfWhere, parseProblem, Problem, sceneOfWhere } from './problem';

describe('parseProblem', () => {
  it('reads a problem document', () => {
    const body = JSON.stringify({ code: 'story_empty', title: 'The story is empty', detail: 'no text to speak', where: '1:1', request_id: 'r1', retry_after: 3 });
    const problem = parseProblem(400, 'Bad Request', body, null);
    expect(problem).toMatchObject({ status: 400, code: 'story_empty', title: 'The story is empty', detail: 'no text to speak', where: '1:1', requestId: 'r1', retryAfter: 3 });
  });
  it('makes one of what is not ours', () => {
    expect(parseProblem(502, 'Bad Gateway', '<html>', '7')).toMatchObject({ code: 'http_502', title: 'Bad Gateway', detail: '', retryAfter: 7 });
    expect(parseProblem(500, '', 'null', null).title).toBe('HTTP 500');
  });
  it('does not trust the types of its fields', () => {
    expect(parseProblem(400, 'x', JSON.stringify({ code: 5, title: {}, retry_after: 'soon' }), null)).toMatchObject({ code: 'http_400', title: 'x', retryAfter: null });
  });
});

describe('Problem', () => {
  it('knows a conflict and an answer that never came', () => {
    expect(new Problem({ status: 412 }).isConflict).toBe(true);
    expect(asProblem(new TypeError('fetch failed')).isOffline).toBe(true);
    expect(asProblem('odd').code).toBe('unexpected');
    expect(isAbort(new DOMException('', 'AbortError'))).toBe(true);
  });
});

describe('where', () => {
  it('points at a scene or at a line', () => {
    expect(sceneOfWhere('/scenes/2/text')).toBe(2);
    expect(sceneOfWhere('/settings/voice')).toBeNull();
    expect(lineOfWhere('12:7')).toEqual({ line: 12, column: 7 });
    expect(lineOfWhere('/story')).toBeNull();
  });
});
