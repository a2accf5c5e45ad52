import { describe, expect, it } from 'vitest';
import type { Api } from '$lib/api/client';
import { momentOf, traceOf } from './request';

const id = '01m834nx55121q4xgxqdd4bvgx';
const asking = (items: unknown[], asked: string[] = []): Api => ({ call: (_: string, path: string) => (asked.push(path), Promise.resolve({ items, next: '' })) }) as unknown as Api;
const { signal } = new AbortController();

describe('the id of a request', () => {
  it('tells when it came', () => expect(new Date(momentOf(id)!).toISOString()).toBe('2026-11-23T02:45:05.317Z'));
  it('is nothing else', () => {
    for (const text of ['', 'provider_overloaded', id.slice(1), `${id}0`, `9${id.slice(1)}`, id.replace('x', 'u')]) expect(momentOf(text)).toBeNull();
  });
  it('leads to the trace whose request it was, of those that began about then', async () => {
    const asked: string[] = [];
    const api = asking([{ trace: 'a', facts: { request_id: id.replace('1', '2') } }, { trace: 'b', facts: { request_id: id } }, { trace: 'c', facts: {} }], asked);
    expect(await traceOf(api, id, signal)).toBe('b');
    expect(decodeURIComponent(asked[0]!)).toMatch(/from=2026-11-23T02:45:04\.317Z&to=2026-11-23T02:45:07\.317Z/);
  });
  it('leads nowhere where none is recorded, and words ask nobody', async () => {
    const asked: string[] = [];
    expect(await traceOf(asking([]), id, signal)).toBe('');
    expect(await traceOf(asking([], asked), 'overloaded', signal)).toBe('');
    expect(asked).toEqual([]);
  });
});
