// How loud a sound is along its length: audiowaveform's data format, version 2, 8 bits, as the server makes it. Hours of sound are at
// most 131,072 points.

export interface Peaks {
  low: Float32Array; // -1 to 1, one for each point, over all channels
  high: Float32Array;
}

const HEAD_BYTES = 24;
const CHANNELS_MAX = 64;

// null: it is something else.
export function readPeaks(bytes: ArrayBuffer): Peaks | null {
  if (bytes.byteLength < HEAD_BYTES) return null;
  const view = new DataView(bytes);
  const channels = view.getInt32(20, true);
  if (view.getInt32(0, true) !== 2 || view.getUint32(4, true) !== 1 || channels < 1 || channels > CHANNELS_MAX) return null;
  // What is there counts, whatever the head says.
  const length = Math.min(view.getUint32(16, true), Math.floor((bytes.byteLength - HEAD_BYTES) / (2 * channels)));
  const values = new Int8Array(bytes, HEAD_BYTES, length * 2 * channels);
  const low = new Float32Array(length);
  const high = new Float32Array(length);
  for (let at = 0; at < values.length; at += 2) {
    const point = Math.floor(at / (2 * channels));
    low[point] = Math.min(low[point]!, values[at]! / 128);
    high[point] = Math.max(high[point]!, values[at + 1]! / 128);
  }
  return { low, high };
}

// The loudest of each of so many stretches, 0 to 1: one for each bar that is drawn.
export function barsOf({ low, high }: Peaks, count: number): number[] {
  return Array.from({ length: count }, (_, bar) => {
    const first = Math.floor((bar * high.length) / count);
    const end = Math.max(first + 1, Math.floor(((bar + 1) * high.length) / count));
    let loudest = 0;
    for (let point = first; point < Math.min(end, high.length); point += 1) loudest = Math.max(loudest, high[point]!, -low[point]!);
    return loudest;
  });
}
