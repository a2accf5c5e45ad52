// The waveform of a sound that was made: had from the server, and drawn as tall as its loudest moment.
import { barsOf, readPeaks, type Peaks } from '$lib/media/peaks';

const QUIETEST = 0.25;
const TRIES_MAX = 4;
const WAIT_MS = 1500;

// What is quiet all along is drawn larger, up to a point: silence stays silence.
export function columnsOf(peaks: Peaks, count: number): number[] {
  const bars = barsOf(peaks, count);
  const scale = 1 / bars.reduce((most, one) => Math.max(most, one), QUIETEST);
  return bars.map((one) => one * scale);
}

// null: there are none, or none to be had now. The sound plays without them.
export async function loadPeaks(asset: string, signal: AbortSignal): Promise<Peaks | null> {
  for (let tried = 0; tried < TRIES_MAX; ++tried) {
    try {
      const response = await fetch(`/api/assets/${encodeURIComponent(asset)}/peaks`, { credentials: 'same-origin', signal });
      if (response.ok) return readPeaks(await response.arrayBuffer());
      if (response.status !== 503) return null;
    } catch {
      return null;
    }
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    if (signal.aborted) return null;
  }
  return null;
}
