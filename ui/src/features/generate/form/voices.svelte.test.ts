import { describe, expect, it } from 'vitest';
import type { Voice, VoiceList } from '$lib/api/generation-types';
import { Problem } from '$lib/api/problem';
import type { Studio } from '$lib/state/studio.svelte';
import { voiceFacts } from './spoken';
import { Voices, type Speaker } from './voices.svelte';

const voice = (id: string, sample: Voice['sample'], change: Partial<Voice> = {}): Voice => ({ id, name: id, language: '', gender: '', style: '', sample, ...change });

// A server that knows what was asked of it, and a speaker that knows what it plays.
function house(cost: number | null = 500) {
  const asked: string[] = [];
  const state = { list: { items: [voice('kept', 'kept'), voice('theirs', 'provided'), voice('none', 'makeable')], next: '', model: 'lab/tts', sample_cost_picodollars: cost, problem: '' } as VoiceList, fail: null as Problem | null };
  const answer = async (method: string, path: string): Promise<unknown> => {
    asked.push(`${method} ${path}`);
    if (state.fail && path.includes('sample')) throw state.fail;
    return state.list;
  };
  const speaker: Speaker & { isOn: boolean } = { src: '', isOn: false, onended: null, onerror: null, play: async () => void (speaker.isOn = true), pause: () => void (speaker.isOn = false) };
  const voices = new Voices({ api: { call: answer, tell: answer } } as unknown as Studio, 'lab/tts', speaker);
  return { asked, state, speaker, voices };
}

describe('hearing a voice', () => {
  it('plays what is there and what its provider has, by our own address', async () => {
    const { asked, speaker, voices } = house();
    await voices.load();
    await voices.hear(voices.list!.items[1]!);
    expect(speaker).toMatchObject({ src: '/api/voices/sample?model=lab%2Ftts&voice=theirs', isOn: true });
    expect(voices.playing).toBe('theirs');
    expect(voices.list!.items[1]!.sample, 'it is here from now on').toBe('kept');
    await voices.hear(voices.list!.items[0]!);
    expect(voices.playing).toBe('kept');
    (speaker.onended as () => void)();
    expect(voices.playing).toBe('');
    expect(asked.some((one) => one.startsWith('POST'))).toBe(false);
  });
  it('says what one would cost before it is made, and makes it once that is wanted', async () => {
    const { asked, speaker, voices } = house();
    await voices.load();
    await voices.hear(voices.list!.items[2]!);
    expect([voices.asking, voices.playing]).toEqual(['none', '']);
    expect(asked).toHaveLength(1);
    await voices.make(voices.list!.items[2]!);
    expect(asked.at(-1)).toBe('POST /api/voices/sample');
    expect([voices.asking, voices.playing, speaker.isOn]).toEqual(['', 'none', true]);
  });
  it('asks nobody where it costs nothing, and does where nobody knows', async () => {
    const free = house(0);
    await free.voices.load();
    await free.voices.hear(free.voices.list!.items[2]!);
    expect(free.voices.playing).toBe('none');
    const unknown = house(null);
    await unknown.voices.load();
    await unknown.voices.hear(unknown.voices.list!.items[2]!);
    expect(unknown.voices.asking).toBe('none');
  });
  it('says at the voice why it cannot be heard', async () => {
    const { state, voices } = house();
    await voices.load();
    state.fail = new Problem({ code: 'result_wrong_type', title: 'No sound' });
    await voices.hear(voices.list!.items[1]!);
    expect(voices.trouble).toMatchObject({ voice: 'theirs', problem: { code: 'result_wrong_type' } });
    expect([voices.playing, voices.waiting]).toEqual(['', '']);
    // What was kept, and is gone, would have to be made.
    state.fail = new Problem({ code: 'sample_not_made', title: 'Gone' });
    await voices.hear(voices.list!.items[0]!);
    expect([voices.asking, voices.trouble, voices.list!.items[0]!.sample]).toEqual(['kept', null, 'makeable']);
  });
  it('is over when it is stopped, though its sound is still on its way', async () => {
    const { speaker, voices } = house();
    await voices.load();
    const hearing = voices.hear(voices.list!.items[1]!);
    voices.stop();
    await hearing;
    expect([voices.playing, speaker.isOn]).toEqual(['', false]);
  });
});

describe('what is said of a voice', () => {
  it('has its language once, and what its provider says', () => {
    expect(voiceFacts(voice('v', 'kept', { name: 'George', language: 'en-GB', gender: 'male', style: 'narration' }))).toBe('British English, male, narration');
    expect(voiceFacts(voice('local/espeak-ng/en-gb', 'kept', { name: 'en-gb', language: 'en-GB' }))).toBe('');
  });
});
