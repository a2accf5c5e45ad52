// How loud a sound is along its length: audiowaveform's data format, version 2, 8 bits, as the server makes it.

export interface Peaks {
  length: number; // of pairs, the least and the most of each stretch
  at: (index: number) => { least: number; most: number }; // -1 to 1
}

const HEAD_BYTES = 24;

// null: it is something else.
export function readPeaks(bytes: ArrayBuffer): Peaks | null {
  if (bytes.byteLength < HEAD_BYTES) return null;
  const view = new DataView(bytes);
  const channels = view.getInt32(20, true);
  if (view.getInt32(0, true) !== 2 || view.getUint32(4, true) !== 1 || channels < 1) return null;
  const length = Math.min(view.getUint32(16, true), Math.floor((bytes.byteLength - HEAD_BYTES) / (2 * channels)));
  const values = new Int8Array(bytes, HEAD_BYTES, length * 2 * channels);
  const at = (index: number): { least: number; most: number } => {
    let least = 0, most = 0;
    for (let channel = 0; channel < channels; channel += 1) {
      const first = (index * channels + channel) * 2;
      least = Math.min(least, values[first] ?? 0);
      most = Math.max(most, values[first + 1] ?? 0);
    }
    return { least: least / 128, most: most / 128 };
  };
  return { length, at };
}

// The loudest of each of so many stretches, 0 to 1: one for each bar that is drawn.
export function barsOf(peaks: Peaks, count: number): number[] {
  return Array.from({ length: count }, (_, bar) => {
    const first = Math.floor((bar * peaks.length) / count);
    const end = Math.max(first + 1, Math.floor(((bar + 1) * peaks.length) / count));
    let loudest = 0;
    for (let index = first; index < Math.min(end, peaks.length); index += 1) {
      const { least, most } = peaks.at(index);
      loudest = Math.max(loudest, most, -least);
    }
    return loudest;
  });
}
