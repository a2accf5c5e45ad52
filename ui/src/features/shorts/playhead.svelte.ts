import { parseVtt, type Cue } from '$lib/timeline/vtt';
import type { Studio } from '$lib/state/studio.svelte';

// Where the finished video stands, shared by the player, the timeline and the list of captions.
export class Playhead {
  ms = $state(0);
  isPlaying = $state(false);
  cues = $state.raw<Cue[]>([]);
  #video: HTMLVideoElement | null = null;
  #cuesOf = '';
  #wanted: number | null = null;

  attach(video: HTMLVideoElement): () => void {
    this.#video = video;
    if (this.#wanted !== null) video.currentTime = this.#wanted / 1000;
    this.#wanted = null;
    return () => {
      if (this.#video === video) this.#video = null;
      this.isPlaying = false;
    };
  }

  seek(ms: number): void {
    this.ms = Math.max(0, ms);
    if (this.#video) this.#video.currentTime = this.ms / 1000;
    else this.#wanted = this.ms;
  }

  toggle(): void {
    if (!this.#video) return;
    if (this.#video.paused) void this.#video.play().catch(() => {});
    else this.#video.pause();
  }

  async readCues(studio: Studio, url: string, key: string): Promise<void> {
    if (this.#cuesOf === key) return;
    this.#cuesOf = key;
    try {
      this.cues = parseVtt(await studio.api.text(url));
    } catch {
      this.cues = []; // The video plays without; the files' list says what there is.
    }
  }
}
