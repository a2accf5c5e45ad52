import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Api, pictureUrl, previewSet, previewUrl, withDownload, withQuery } from './client';
import { Problem } from './problem';
import type { Asset } from './types';

const answer = (status: number, body: unknown): Response => new Response(status === 204 ? null : JSON.stringify(body), { status });
const fetchMock = vi.fn<typeof fetch>();
const sent = (): { url: string; init: RequestInit; headers: Headers } => {
  const [url, init] = fetchMock.mock.calls.at(-1)!;
  return { url: String(url), init: init!, headers: new Headers(init!.headers) };
};

beforeEach(() => {
  fetchMock.mockReset();
  vi.stubGlobal('fetch', fetchMock);
});
afterEach(() => vi.unstubAllGlobals());

describe('Api', () => {
  it('sends edits with the revision they were based on and the session token', async () => {
    fetchMock.mockResolvedValue(answer(200, {}));
    const api = new Api();
    api.csrf = 'token';
    await api.changeStory('a/b', 7, 'text');
    expect(sent().url).toBe('/api/productions/a%2Fb/story');
    expect(sent().headers.get('If-Match')).toBe('"7"');
    expect(sent().headers.get('X-CSRF-Token')).toBe('token');
    expect(sent().init.body).toBe('{"story":"text"}');
  });
  it('sends no token with reads', async () => {
    fetchMock.mockResolvedValue(answer(200, { items: [], next: '' }));
    const api = new Api();
    api.csrf = 'token';
    await api.productions({ limit: 5 });
    expect(sent().url).toBe('/api/productions?limit=5');
    expect(sent().headers.has('X-CSRF-Token')).toBe(false);
  });
  it('begins a trace of its own with each thing that is started, and none with reads', async () => {
    fetchMock.mockImplementation(() => Promise.resolve(answer(200, { items: [], next: '' })));
    const api = new Api();
    const traces = [];
    for (let at = 0; at < 3; at++) {
      await api.render('x', 'key');
      traces.push(sent().headers.get('traceparent')!);
    }
    for (const trace of traces) expect(trace).toMatch(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01$/);
    expect(new Set(traces.map((trace) => trace.split('-')[1])).size).toBe(3);
    await api.runs();
    expect(sent().headers.has('traceparent')).toBe(false);
  });
  it('throws problems, and tells of a lost session', async () => {
    const api = new Api();
    api.onUnauthorized = vi.fn();
    fetchMock.mockResolvedValue(answer(401, { code: 'unauthenticated', title: 'Sign in' }));
    await expect(api.runs()).rejects.toMatchObject({ status: 401, code: 'unauthenticated' });
    expect(api.onUnauthorized).toHaveBeenCalledOnce();
    fetchMock.mockRejectedValue(new TypeError('failed'));
    await expect(api.runs()).rejects.toSatisfy((error) => error instanceof Problem && error.isOffline);
  });
  it('takes an answer without a body', async () => {
    fetchMock.mockResolvedValue(answer(204, null));
    await expect(new Api().deleteAsset('x')).resolves.toBeInstanceOf(Response);
  });
});

describe('addresses', () => {
  it('are put together from what is there', () => {
    expect(withQuery('/api/runs', { after: '', limit: 3, kind: undefined })).toBe('/api/runs?limit=3');
    expect(withDownload('/x?a=1')).toBe('/x?a=1&download=1');
    expect(previewUrl({ preview_url: null } as Asset, 320)).toBeNull();
    expect(previewUrl({ preview_url: '/p?v=1' } as Asset, 640)).toBe('/p?v=1&size=640');
    expect(previewSet({ preview_url: '/p?v=1' } as Asset)).toBe('/p?v=1&size=320 1x, /p?v=1&size=640 2x');
    expect(pictureUrl('a b', 64)).toBe('/api/assets/a%20b/preview?size=320');
    expect(pictureUrl('a', 640)).toBe('/api/assets/a/preview?size=640');
  });
});
