import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AssetRow, AssetRowPage, PlacedAsset } from '$lib/api/asset-types';
import type { StudioEvent } from '$lib/api/types';
import { filterOf, type Filter } from './filter';
import { Listing } from './listing.svelte';

const TOTAL = 1000;
const row = (number: number): AssetRow => ({ id: `a${number}`, name: `${number}.png`, kind: 'image', width: 1, height: 1, duration_ms: null, size_bytes: 1, created_at: new Date(1e12 - number * 1000).toISOString(), preview_url: null, preview_state: 'ready' });
const everything = filterOf(() => '');

function house(rows = Array.from({ length: TOTAL }, (_, at) => row(at))) {
  const asked: { skip: number; limit: number; filter: Filter; signal: AbortSignal | undefined; answer: () => void }[] = [];
  let isHeld = false;
  const calls = {
    rows: (filter: Filter, { skip = 0, limit = 50, total }: { skip?: number; limit?: number; total?: boolean }, signal?: AbortSignal) =>
      new Promise<AssetRowPage>((resolve, reject) => {
        const answer = (): void => resolve({ items: rows.slice(skip, skip + limit), next: '', ...(total ? { total: rows.length } : {}) });
        asked.push({ skip, limit, filter, signal, answer });
        signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
        if (!isHeld) answer();
      }),
  };
  let say: (events: StudioEvent[]) => void = () => {};
  const hub = { listen: (call: (events: StudioEvent[]) => void) => ((say = call), () => {}), onFresh: () => () => {} };
  const listing = new Listing({ calls, hub });
  listing.start();
  return { asked, rows, listing, say: (...events: StudioEvent[]) => say(events), hold: (value: boolean) => (isHeld = value) };
}
const settle = (): Promise<void> => vi.advanceTimersByTimeAsync(0).then(() => {});
const ids = (listing: Listing, first: number, end: number): (string | undefined)[] => Array.from({ length: end - first }, (_, at) => listing.at(first + at)?.id);
const told = (number: number, change: Partial<PlacedAsset> = {}): PlacedAsset => ({ ...row(number), origin: 'upload', origin_id: null, folder: null, trashed_at: null, previews: { state: 'ready' }, ...change }) as PlacedAsset;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('Listing', () => {
  it('reads what is in view, and each place once', async () => {
    const { listing, asked } = house();
    await listing.show(everything);
    expect([listing.total, listing.isLoaded]).toEqual([TOTAL, true]);
    listing.want({ first: 0, end: 50 });
    expect(asked.length, 'it came with the first answer').toBe(1);
    listing.want({ first: 495, end: 520 });
    listing.want({ first: 496, end: 521 });
    await settle();
    expect(asked.slice(1).map(({ skip }) => skip)).toEqual([400, 500]);
    expect(ids(listing, 496, 498)).toEqual(['a496', 'a497']);
    expect(listing.at(300), 'nobody looked').toBeUndefined();
  });
  it('no longer waits for what was scrolled past', async () => {
    const { listing, asked, hold } = house();
    await listing.show(everything);
    hold(true);
    listing.want({ first: 200, end: 220 });
    listing.want({ first: 700, end: 720 });
    expect(asked.slice(1).map(({ skip, signal }) => [skip, signal?.aborted])).toEqual([[200, true], [700, false]]);
  });
  it('an older filter’s answer does not come after a newer one’s', async () => {
    const { listing, asked, hold } = house();
    hold(true);
    const first = listing.show({ ...everything, words: 'a' });
    const second = listing.show({ ...everything, words: 'ab' });
    asked[1]!.answer();
    asked[0]!.answer();
    await Promise.all([first, second]);
    expect([listing.filter?.words, asked[0]!.signal?.aborted, listing.isLoaded]).toEqual(['ab', true, true]);
  });
  it('a new one comes first, and what was in view is still there', async () => {
    const { listing, say } = house();
    await listing.show(everything);
    const shifts: number[][] = [];
    listing.onshift = (at, by) => shifts.push([at, by]);
    say({ type: 'asset.changed', data: told(-1) });
    expect(ids(listing, 0, 3)).toEqual(['a-1', 'a0', 'a1']);
    expect([listing.total, shifts]).toEqual([TOTAL + 1, [[0, 1]]]);
  });
  it('one that is no longer among them goes, and one that is of no concern does nothing', async () => {
    const { listing, say, asked } = house();
    await listing.show({ ...everything, kind: 'image' });
    say({ type: 'asset.changed', data: told(1, { trashed_at: 'now' }) }, { type: 'asset.changed', data: told(-1, { kind: 'audio' }) });
    expect(ids(listing, 0, 2)).toEqual(['a0', 'a2']);
    await vi.advanceTimersByTimeAsync(1000);
    expect([listing.total, asked.length]).toEqual([TOTAL - 1, 1]);
  });
  it('where it cannot tell, it reads afresh, once', async () => {
    const { listing, say, asked, rows } = house();
    await listing.show({ ...everything, tag: 'sea' });
    rows.unshift(row(-1));
    say({ type: 'asset.changed', data: told(-1) }, { type: 'assets.changed', data: { ids: ['a7'], change: 'untag' } });
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked.length).toBe(2);
    expect([listing.total, listing.at(0)?.id]).toEqual([TOTAL + 1, 'a-1']);
  });
  it('many leave at once, and what comes up is read', async () => {
    const { listing, say, rows } = house();
    await listing.show(everything);
    listing.want({ first: 0, end: 50 });
    const gone = Array.from({ length: 80 }, (_, at) => `a${at}`);
    rows.splice(0, 80);
    say({ type: 'assets.changed', data: { ids: gone, change: 'trash' } });
    await settle();
    expect([listing.total, listing.at(0)?.id, listing.at(49)?.id]).toEqual([TOTAL - 80, 'a80', 'a129']);
  });
  it('gives all from one place to another', async () => {
    const { listing } = house();
    await listing.show(everything);
    expect((await listing.between(250, 460)).map(({ id }) => id)).toEqual(Array.from({ length: 210 }, (_, at) => `a${250 + at}`));
  });
});
