import { expect, it } from 'vitest';
import { readAssets } from './asset-drag';
import { barsOf, readPeaks } from './peaks';

function peaksOf(channels: number, values: readonly number[]): ArrayBuffer {
  const bytes = new ArrayBuffer(24 + values.length);
  const view = new DataView(bytes);
  [2, 1, 44_100, 512, values.length / 2 / channels, channels].forEach((value, at) => view.setInt32(at * 4, value, true));
  new Int8Array(bytes, 24).set(values);
  return bytes;
}

it('reads how loud a sound is, over all channels', () => {
  const peaks = readPeaks(peaksOf(2, [-10, 20, -64, 5, 0, 0, -1, 127]))!;
  expect([...peaks.low]).toEqual([-0.5, -1 / 128]);
  expect([...peaks.high]).toEqual([20 / 128, 127 / 128]);
  expect(barsOf(peaks, 2)).toEqual([0.5, 127 / 128]);
  expect(barsOf(peaks, 1)).toEqual([127 / 128]);
  expect(barsOf(peaks, 4), 'more bars than there are stretches').toHaveLength(4);
});
it('is content with less than the head promises, and takes nothing else', () => {
  const bytes = peaksOf(1, [-10, 20]);
  new DataView(bytes).setUint32(16, 1e9, true);
  expect(readPeaks(bytes)?.high).toHaveLength(1);
  expect(readPeaks(peaksOf(0, []))).toBeNull();
  expect(readPeaks(new ArrayBuffer(5))).toBeNull();
  expect(readPeaks(new TextEncoder().encode('<html> and so on, some more of it').buffer as ArrayBuffer)).toBeNull();
});
it('takes from a drop what are assets', () => {
  const asset = { id: '1', name: 'a', kind: 'image' };
  expect(readAssets(JSON.stringify([asset, { id: 2 }, null, { ...asset, kind: 'poem' }]))).toEqual([asset]);
  expect([readAssets(''), readAssets('{"id":1}')]).toEqual([[], []]);
});
