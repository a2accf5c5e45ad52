import { describe, expect, it } from 'vitest';
import type { Api } from '$lib/api/client';
import { SentContext } from './sent-context.svelte';

const way = [1, 2, 3, 4, 7, 8, 9, 10];
function house(context: { from: number; summarised_upto: number | null } | undefined, answer: () => unknown = () => ({ items: [] })) {
  const calls: string[] = [];
  const api = { call: async (method: string, path: string) => (calls.push(`${method} ${path}`), answer()), tell: async () => {} } as unknown as Api;
  return { calls, sent: new SentContext(api, 't1', context ? { context } : {}, way) };
}

describe('SentContext', () => {
  it('counts what of the branch was left out', () => {
    const of = (context?: { from: number; summarised_upto: number | null }): number[] => {
      const { sent } = house(context);
      return [sent.from, sent.upto, sent.leftOut];
    };
    expect(of()).toEqual([0, 0, 0]);
    expect(of({ from: 7, summarised_upto: null }), 'four before it; 5 and 6 are of another branch').toEqual([7, 0, 4]);
    expect(of({ from: 7, summarised_upto: 4 })).toEqual([7, 4, 0]);
    expect(of({ from: 9, summarised_upto: 4 })).toEqual([9, 4, 2]);
  });
  it('reads the summary once, and again where that failed', async () => {
    let isOff = true;
    const { calls, sent } = house({ from: 7, summarised_upto: 4 }, () => {
      if (isOff) throw new Error('off');
      return { items: [{ upto: 2, text: 'old' }, { upto: 4, text: 'In short' }] };
    });
    await sent.load();
    expect([sent.state, sent.summary]).toEqual(['failed', null]);
    isOff = false;
    await sent.load();
    await sent.load();
    expect([sent.state, sent.summary?.text, calls]).toEqual(['read', 'In short', ['GET /api/threads/t1/summaries', 'GET /api/threads/t1/summaries']]);
  });
  it('says where it is no longer there', async () => {
    const { sent } = house({ from: 7, summarised_upto: 4 }, () => ({ items: [{ upto: 2, text: 'old' }] }));
    await sent.load();
    expect([sent.state, sent.summary]).toEqual(['none', null]);
  });
});
