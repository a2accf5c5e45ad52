// How loud a sound is along its length, as the server measured it: audiowaveform's data format, versions 1 and 2.

export interface Peaks {
  samplesPerPoint: number;
  sampleRate: number;
  low: Float32Array; // -1 to 1, one for each point, over all channels
  high: Float32Array;
}

// null: not of that format.
export function parsePeaks(bytes: ArrayBuffer): Peaks | null {
  const view = new DataView(bytes);
  if (view.byteLength < 20) return null;
  const version = view.getInt32(0, true);
  if (version !== 1 && version !== 2) return null;
  const isByte = (view.getUint32(4, true) & 1) === 1;
  const channels = version === 2 && view.byteLength >= 24 ? view.getInt32(20, true) : 1;
  const start = version === 2 ? 24 : 20;
  const sampleRate = view.getInt32(8, true);
  const samplesPerPoint = view.getInt32(12, true);
  if (sampleRate <= 0 || samplesPerPoint <= 0 || channels < 1 || channels > 64) return null;
  const width = isByte ? 1 : 2;
  // What is there counts, whatever the head says.
  const length = Math.min(view.getUint32(16, true), Math.floor((view.byteLength - start) / (2 * channels * width)));
  const low = new Float32Array(length);
  const high = new Float32Array(length);
  const most = isByte ? 128 : 32_768;
  const read = (at: number): number => (isByte ? view.getInt8(at) : view.getInt16(at, true)) / most;
  for (let point = 0; point < length; ++point) {
    for (let channel = 0; channel < channels; ++channel) {
      const at = start + (point * channels + channel) * 2 * width;
      low[point] = Math.min(low[point]!, read(at));
      high[point] = Math.max(high[point]!, read(at + width));
    }
  }
  return { samplesPerPoint, sampleRate, low, high };
}

const QUIETEST = 0.25;

// How far it swings in each of `count` columns, 0 to 1.
export function columnsOf(peaks: Peaks, count: number): Float32Array {
  const columns = new Float32Array(count);
  const points = peaks.high.length;
  for (let column = 0; column < count; ++column) {
    const from = Math.floor((column * points) / count);
    const to = Math.max(from + 1, Math.floor(((column + 1) * points) / count));
    let most = 0;
    for (let point = from; point < Math.min(to, points); ++point) most = Math.max(most, peaks.high[point]!, -peaks.low[point]!);
    columns[column] = Math.min(1, most);
  }
  // What is quiet all along is drawn larger, up to a point: silence stays silence.
  const scale = 1 / columns.reduce((most, one) => Math.max(most, one), QUIETEST);
  return columns.map((one) => one * scale);
}

const TRIES_MAX = 4;
const WAIT_MS = 1500;

// null: there are none, or none to be had now. The sound plays without them.
export async function loadPeaks(asset: string, signal: AbortSignal): Promise<Peaks | null> {
  for (let tried = 0; tried < TRIES_MAX; ++tried) {
    try {
      const response = await fetch(`/api/assets/${encodeURIComponent(asset)}/peaks`, { credentials: 'same-origin', signal });
      if (response.ok) return parsePeaks(await response.arrayBuffer());
      if (response.status !== 503) return null;
    } catch {
      return null;
    }
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    if (signal.aborted) return null;
  }
  return null;
}
