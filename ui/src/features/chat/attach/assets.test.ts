import { expect, it } from 'vitest';
import { Problem } from '$lib/api/problem';
import type { Studio } from '$lib/state/studio.svelte';
import type { Attached } from '../composer.svelte';
import { attachAssets } from './assets';

const assets: Record<string, unknown> = {
  a: { id: 'a', name: 'sea.png', kind: 'image', size_bytes: 9, width: 40, height: 30, prepared: { width: 20, height: 15 } },
  b: { id: 'b', name: 'paper.pdf', kind: 'document', media_type: 'application/pdf', size_bytes: 9, prepared: { page_count: 3 } },
  c: { id: 'c', name: 'song.wav', kind: 'audio', size_bytes: 9 },
};
async function given(told: string): Promise<Omit<Attached, 'key'>[]> {
  const put: Omit<Attached, 'key'>[] = [];
  const asset = async (id: string) => assets[id] ?? Promise.reject(new Problem({ status: 404 }));
  await attachAssets({ put: (each) => put.push(each) }, { api: { asset } } as unknown as Pick<Studio, 'api'>, told);
  return put;
}

it('attaches what an address names, in order, and says what cannot go along', async () => {
  expect(await given('a,b,c,gone,../x')).toMatchObject([
    { name: 'sea.png', asset: 'a', from: '40×30', as: '20×15' },
    { name: 'paper.pdf', asset: 'b', type: 'application/pdf', pages: 3 },
    { name: 'song.wav', state: 'refused', why: expect.stringMatching(/no sound/) },
    { state: 'refused', why: expect.stringMatching(/no longer/) },
  ]);
});
it('attaches what was dragged', async () => {
  expect(await given(JSON.stringify([{ id: 'a', name: 'x', kind: 'image' }]))).toMatchObject([{ name: 'sea.png', asset: 'a' }]);
});
