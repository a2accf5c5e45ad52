import { expect, it } from 'vitest';
import type { PlacedAsset } from '$lib/api/asset-types';
import { accepts, addressOf, filterOf, isEverything, queryOf } from './filter';

const of = (search: string) => filterOf((name) => new URLSearchParams(search).get(name) ?? '');

it('is what the address says, and back again', () => {
  const filter = of('q=+sea+&kind=video&folder=f1&tag=x&trash=1&sort=name');
  expect(filter).toEqual({ words: 'sea', kind: 'video', folder: 'f1', tag: 'x', isTrash: true, sort: 'name' });
  const address = Object.entries(addressOf(filter)).filter((pair): pair is [string, string] => pair[1] !== null && pair[1] !== '');
  expect(of(new URLSearchParams(address).toString())).toEqual(filter);
  expect(of('folder=none').folder).toBe('');
  expect(isEverything(of('kind=nonsense&sort=nonsense'))).toBe(true);
  expect(queryOf(of(''))['folder']).toBeUndefined();
});

it('tells which belong, or that it cannot', () => {
  const asset = { kind: 'image', folder: null, trashed_at: null } as PlacedAsset;
  expect([accepts(of(''), asset), accepts(of('kind=video'), asset), accepts(of('trash=1'), asset), accepts(of('folder=none'), asset), accepts(of('folder=f'), asset), accepts(of('q=sea'), asset)]).toEqual([true, false, false, true, false, null]);
});
