import { generationCalls, sampleUrl, type GenerationCalls } from '$lib/api/generations';
import type { Voice, VoiceList } from '$lib/api/generation-types';
import { asProblem, isAbort, type Problem } from '$lib/api/problem';
import type { Studio } from '$lib/state/studio.svelte';

// What plays a sound: the browser's own, or a test's.
export interface Speaker {
  src: string;
  onended: unknown;
  onerror: unknown;
  play: () => Promise<void>;
  pause: () => void;
}

// The voices of a model, and one of them being heard.
export class Voices {
  list = $state.raw<VoiceList | null>(null);
  problem = $state.raw<Problem | null>(null); // of reading them
  playing = $state(''); // a voice's id, as the next two
  waiting = $state(''); // its sample is being fetched or made
  asking = $state(''); // it would cost something: that is said first
  trouble = $state.raw<{ voice: string; problem: Problem } | null>(null);
  #calls: GenerationCalls;
  #model: string;
  #speaker: Speaker;
  #reading: AbortController | null = null;

  constructor(studio: Pick<Studio, 'api'>, model: string, speaker: Speaker) {
    this.#calls = generationCalls(studio.api);
    this.#model = model;
    this.#speaker = speaker;
    speaker.onended = () => (this.playing = '');
  }
  dispose(): void {
    this.#reading?.abort();
    this.stop();
  }

  async load(): Promise<void> {
    this.#reading?.abort();
    const reading = (this.#reading = new AbortController());
    this.problem = null;
    try {
      this.list = await this.#calls.voices(this.#model, reading.signal);
    } catch (error) {
      if (!isAbort(error)) this.problem = asProblem(error);
    }
  }

  stop(): void {
    this.#speaker.pause();
    this.playing = this.waiting = this.asking = '';
  }
  // Heard at once where that costs nothing; else the price is said, and it is made once that is wanted.
  async hear(voice: Voice): Promise<void> {
    this.stop();
    this.trouble = null;
    if (voice.sample === 'makeable' && this.list?.sample_cost_picodollars !== 0) return void (this.asking = voice.id);
    await (voice.sample === 'makeable' ? this.make(voice) : this.#fetch(voice));
  }
  async make(voice: Voice): Promise<void> {
    this.stop();
    this.trouble = null;
    await this.#prepare(voice, () => this.#calls.makeSample(this.#model, voice.id));
  }
  #fetch(voice: Voice): Promise<void> {
    return this.#prepare(voice, () => this.#calls.hasSample(this.#model, voice.id));
  }
  async #prepare(voice: Voice, prepare: () => Promise<void>): Promise<void> {
    this.waiting = voice.id;
    try {
      await prepare();
      this.#mark(voice.id, 'kept');
      if (this.waiting !== voice.id) return; // another is wanted by now
      this.#speaker.src = sampleUrl(this.#model, voice.id);
      this.playing = voice.id;
      await this.#speaker.play();
    } catch (error) {
      this.#failed(voice, error);
    }
    if (this.waiting === voice.id) this.waiting = '';
  }
  #failed(voice: Voice, error: unknown): void {
    if (this.playing === voice.id) this.playing = '';
    if (isAbort(error)) return; // stopped before its sound was there
    const problem = asProblem(error);
    // What was kept was put out, to make room.
    if (problem.code === 'sample_not_made') {
      this.#mark(voice.id, 'makeable');
      if (this.waiting === voice.id) this.asking = voice.id;
      return;
    }
    if (this.waiting === voice.id) this.trouble = { voice: voice.id, problem };
  }
  #mark(id: string, sample: Voice['sample']): void {
    if (this.list) this.list = { ...this.list, items: this.list.items.map((one) => (one.id === id ? { ...one, sample } : one)) };
  }
}
