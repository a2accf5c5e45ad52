import { describe, expect, it } from 'vitest';
import { queryOf, readAgainMs, readView, SPAN_MS_MIN, spanOf, zoomTo, type View } from './range';

const reading = (search: string): View => {
  const query = new URLSearchParams(search);
  return readView((name) => query.get(name) ?? '');
};
const NOW = Date.parse('2027-01-31T12:00:00Z');

describe('the time in the address', () => {
  it('is the last hour unless it says another that there is', () => {
    expect(reading('')).toEqual({ range: '1h', zoom: null });
    expect(reading('range=7d')).toEqual({ range: '7d', zoom: null });
    for (const wrong of ['range=2h', 'range=toString', 'range=', 'range=7D']) expect(reading(wrong).range).toBe('1h');
  });
  it('is a stretch where both its ends are times, in order, and not too near or far', () => {
    const from = '2027-01-31T10:00:00Z';
    expect(reading(`from=${from}&to=2027-01-31T10:05:00Z`).zoom).toEqual({ fromMs: NOW - 7_200_000, toMs: NOW - 6_900_000 });
    for (const wrong of [`from=${from}`, `to=${from}`, `from=${from}&to=soon`, `from=${from}&to=${from}`, `from=${from}&to=2027-01-31T09:00:00Z`, `from=${from}&to=2027-01-31T10:00:05Z`, `from=2020-01-01&to=${from}`])
      expect(reading(wrong).zoom, wrong).toBeNull();
  });
  it('is read back as it was written', () => {
    for (const view of [{ range: '1h', zoom: null }, { range: '90d', zoom: null }, { range: '6h', zoom: { fromMs: NOW - 60_000, toMs: NOW } }] satisfies View[]) {
      const search = new URLSearchParams(Object.entries(queryOf(view)).flatMap(([name, value]) => (value === null ? [] : [[name, value]])));
      expect(reading(search.toString())).toEqual(view);
    }
    expect(queryOf({ range: '1h', zoom: null })).toEqual({ range: null, from: null, to: null });
  });
});

describe('what is shown', () => {
  it('ends now and is no older than points are kept when it comes to the server, or stands still', () => {
    expect(spanOf({ range: '1h', zoom: null }, NOW)).toEqual({ fromMs: NOW - 3_595_000, toMs: NOW });
    const zoom = { fromMs: 1, toMs: 2 };
    expect(spanOf({ range: '5m', zoom }, NOW)).toBe(zoom);
  });
  it('is read again the more seldom the longer it is, and not at all when it stands still', () => {
    expect(['5m', '1h', '6h', '24h', '7d', '90d'].map((range) => readAgainMs({ range, zoom: null } as View))).toEqual([5_000, 5_000, 60_000, 60_000, 300_000, 300_000]);
    expect(readAgainMs({ range: '5m', zoom: { fromMs: 0, toMs: 1 } })).toBe(0);
  });
});

describe('zooming', () => {
  it('takes what was dragged over', () => expect(zoomTo(NOW - 90_000, NOW - 30_000, NOW)).toEqual({ fromMs: NOW - 90_000, toMs: NOW - 30_000 }));
  it('goes no finer than points are apart, around the same middle', () => expect(zoomTo(NOW - 50_001, NOW - 50_000, NOW).toMs - zoomTo(NOW - 50_001, NOW - 50_000, NOW).fromMs).toBe(SPAN_MS_MIN));
  it('does not reach beyond now', () => expect(zoomTo(NOW - 20_000, NOW + 20_000, NOW)).toEqual({ fromMs: NOW - 40_000, toMs: NOW }));
});
