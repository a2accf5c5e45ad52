import { describe, expect, it } from 'vitest';
import type { Span } from '$lib/api/trace-types';
import { OPEN_SPANS_MAX, ownUs, rest, rowsOf, sharesOf, shutAtFirst, treeOf, union } from './tree';

const span = (id: string, parent: string, began_us: number, took_us: number, more: Partial<Span> = {}): Span => ({ span: id, parent, name: id, kind: 'internal', began_us, took_us, fault: '', facts: {}, ...more });
const told = (spans: Span[], shut: Iterable<string> = []): string[] => rowsOf(treeOf(spans), new Set(shut)).map(({ span: { span: id }, depth }) => `${'.'.repeat(depth)}${id}`);

describe('the spans of a trace', () => {
  const spans = [span('a', 'caller', 0, 100), span('c', 'a', 60, 50), span('b', 'a', 10, 20), span('d', 'c', 70, 10)];
  it('are a tree, in the order of their beginnings, whatever the order they come in', () => {
    expect(told(spans)).toEqual(['a', '.b', '.c', '..d']);
    expect(told([...spans].reverse())).toEqual(['a', '.b', '.c', '..d']);
  });
  it('end when the last of them does, which need not be the first', () => expect(treeOf(spans).totalUs).toBe(110));
  it('know what is below them', () => {
    const { byId, roots } = treeOf([...spans, span('e', 'd', 71, 1, { fault: 'timeout' })]);
    expect(roots).toHaveLength(1);
    expect([...'abcde'].map((id) => [byId.get(id)!.within, byId.get(id)!.faults])).toEqual([[4, 1], [0, 0], [2, 1], [1, 1], [0, 0]]);
    expect([...'abc'].map((id) => byId.get(id)!.place)).toEqual([1, 1, 2]);
  });
  it('whose parent is not known stand beside the first', () => expect(told([span('a', '', 0, 9), span('b', 'lost', 3, 1), span('c', 'b', 3, 1)])).toEqual(['a', 'b', '.c']));
  it('that name one another as parents are shown once each', () => {
    expect(told([span('a', 'b', 0, 9), span('b', 'a', 1, 9), span('c', 'c', 2, 1), span('a', '', 5, 5)]).map((row) => row.replace('.', '')).sort()).toEqual(['a', 'b', 'c']);
  });
  it('may be none', () => expect(treeOf([])).toMatchObject({ roots: [], totalUs: 0, faults: 0 }));
  it('show nothing below what is shut', () => expect(told(spans, ['c'])).toEqual(['a', '.b', '.c']));
});

describe('time that no child covers', () => {
  it('is what is left between them, however they overlap and whenever they end', () => {
    const { byId } = treeOf([span('a', '', 0, 100), span('b', 'a', 10, 30), span('c', 'a', 20, 10), span('d', 'a', 60, 90), span('e', 'b', 10, 30)]);
    expect(byId.get('a')).toMatchObject({ covered: [{ fromUs: 10, toUs: 40 }, { fromUs: 60, toUs: 100 }], gaps: [{ fromUs: 0, toUs: 10 }, { fromUs: 40, toUs: 60 }] });
    expect(ownUs(byId.get('a')!)).toBe(30);
    expect(byId.get('b')!.gaps).toEqual([]);
    expect(ownUs(byId.get('b')!)).toBe(0);
  });
  it('is all of a span that has none, which is no gap', () => {
    const { byId } = treeOf([span('a', '', 5, 10)]);
    expect(byId.get('a')!.gaps).toEqual([]);
    expect(ownUs(byId.get('a')!)).toBe(10);
  });
  it('is found of stretches outside as well', () => {
    expect(union([{ fromUs: -5, toUs: -1 }, { fromUs: 8, toUs: 12 }, { fromUs: -3, toUs: 2 }, { fromUs: 2, toUs: 4 }], { fromUs: 0, toUs: 10 })).toEqual([{ fromUs: 0, toUs: 4 }, { fromUs: 8, toUs: 10 }]);
    expect(rest([], { fromUs: 3, toUs: 4 })).toEqual([{ fromUs: 3, toUs: 4 }]);
  });
  it('tells where the time of all went, longest first', () => {
    const spans = [span('a', '', 0, 100), span('b', 'a', 0, 30, { name: 'step' }), span('c', 'a', 30, 60, { name: 'step' })];
    expect(sharesOf(treeOf(spans)).map(({ name, count, us, node }) => [name, count, us, node.span.span])).toEqual([['step', 2, 90, 'c'], ['a', 1, 10, 'a']]);
  });
});

describe('a large trace', () => {
  const chain = (count: number, fault = -1): Span[] => Array.from({ length: count }, (_, at) => span(`${at}`, at < 6 ? `${at - 1}` : '4', at, 1, at === fault ? { fault: 'failed' } : {}));
  it('is open as long as it is small', () => expect(shutAtFirst(treeOf(chain(OPEN_SPANS_MAX)))).toEqual(new Set()));
  it('is shut where it is deep, but for the way to what failed', () => {
    const tree = treeOf(chain(2_000));
    expect(rowsOf(tree, shutAtFirst(tree)).map(({ span: { span: id } }) => id)).toEqual(['0', '1', '2', '3']);
    const failed = treeOf(chain(2_000, 1_999));
    expect(rowsOf(failed, shutAtFirst(failed))).toHaveLength(2_000);
  });
  it('may be as deep as it is long', () => expect(told(Array.from({ length: 2_000 }, (_, at) => span(`${at}`, `${at - 1}`, at, 1)))).toHaveLength(2_000));
});
