// The double's speech, sound, music and transcription by the official client of ElevenLabs: what proves the double.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';

import { ElevenLabsClient, ElevenLabsError } from '@elevenlabs/elevenlabs-js';

import { ProviderDouble, providerKey } from './support/programs.mjs';

const double = await ProviderDouble.start();
after(() => double.stop());

const clientOf = (apiKey) => new ElevenLabsClient({ apiKey, baseUrl: `${double.url}/elevenlabs` });
const client = clientOf(providerKey);
const bytesOf = async (stream) => Buffer.from(await new Response(stream).arrayBuffer());
const fails = (status) => (error) => error instanceof ElevenLabsError && error.statusCode === status;
// Four words, each of 300 ms: 24,000 samples of two bytes a second.
const spoken = { text: 'one two three four', modelId: 'eleven_flash_v2_5', outputFormat: 'pcm_24000' };
const spokenBytes = 1.2 * 24_000 * 2;

describe('speech', () => {
  test('is a sound', async () => {
    assert.equal((await bytesOf(await client.textToSpeech.convert('voice', spoken))).length, spokenBytes);
    assert.equal((await bytesOf(await client.textToSpeech.stream('voice', spoken))).length, spokenBytes);
    const wav = await bytesOf(await client.textToSpeech.convert('voice', { ...spoken, outputFormat: 'wav_24000' }));
    assert.equal(wav.subarray(0, 4).toString(), 'RIFF');
    assert.equal(wav.readUInt32LE(40), spokenBytes, 'its length is told');
  });

  test('has the times of its characters', async () => {
    const { audioBase64, alignment } = await client.textToSpeech.convertWithTimestamps('voice', spoken);
    assert.equal(Buffer.from(audioBase64, 'base64').length, spokenBytes);
    assert.equal(alignment.characters.join(''), spoken.text);
    assert.equal(alignment.characterStartTimesSeconds.length, spoken.text.length);
    assert.ok(Math.abs(alignment.characterEndTimesSeconds.at(-1) - 1.15) < 0.02);
  });

  test('has them in a stream as well', async () => {
    const sound = [];
    const characters = [];
    for await (const chunk of await client.textToSpeech.streamWithTimestamps('voice', spoken)) {
      sound.push(Buffer.from(chunk.audioBase64, 'base64'));
      characters.push(...(chunk.alignment?.characters ?? []));
    }
    assert.ok(sound.length > 1);
    assert.equal(Buffer.concat(sound).length, spokenBytes);
    assert.equal(characters.join(''), spoken.text);
  });

  test('tells what it charged', async () => {
    const { rawResponse } = await client.textToSpeech.convert('voice', spoken).withRawResponse();
    assert.equal(rawResponse.headers.get('character-cost'), String(spoken.text.length));
  });
});

test('sound effects and music', async () => {
  const effect = await client.textToSoundEffects.convert({ text: 'a door', durationSeconds: 3, outputFormat: 'pcm_24000' });
  assert.equal((await bytesOf(effect)).length, 3 * 24_000 * 2);
  const song = await client.music.compose({ prompt: 'a march', musicLengthMs: 6_000 });
  assert.ok((await bytesOf(song)).length > 0);
  await assert.rejects(client.music.compose({ prompt: 'x', musicLengthMs: 1 }), fails(422));
});

test('a transcription with the times of its words', async () => {
  const wav = await bytesOf(await client.textToSpeech.convert('voice', { ...spoken, outputFormat: 'wav_24000' }));
  const file = new File([wav], 'talk.wav', { type: 'audio/wav' });
  const heard = await client.speechToText.convert({ modelId: 'scribe_v1', file, diarize: true });
  assert.equal(heard.text, `${wav.length} bytes of talk.wav`);
  const words = heard.words.filter(({ type }) => type === 'word');
  assert.deepEqual(words.map(({ text }) => text), heard.text.split(' '));
  assert.equal(words.at(-1).end, 1.2);
  assert.equal(words[0].speakerId, 'speaker_0');
});

test('lists', async () => {
  const models = await client.models.list();
  assert.ok(models.some(({ modelId }) => modelId === 'eleven_v3'));
  const { voices, hasMore } = await client.voices.search();
  assert.ok(voices.length > 0 && voices.every(({ voiceId, name }) => voiceId && name));
  assert.equal(hasMore, false);
});

describe('what is refused', () => {
  test('for its key, its voice, its length, its words', async () => {
    await assert.rejects(clientOf('another').textToSpeech.convert('voice', spoken), fails(401));
    await assert.rejects(client.textToSpeech.convert('missing', spoken), fails(404));
    await assert.rejects(client.textToSpeech.convert('voice', { ...spoken, modelId: 'eleven_v3', text: 'a'.repeat(5_001) }), fails(400));
    await assert.rejects(client.textToSpeech.convert('voice', { ...spoken, text: '[filter]' }), fails(403));
  });

  test('once, is asked for again', async () => {
    await double.addRules({ fault: '429,retry-after-ms=1', path: '/v1/text-to-speech', times: 1 });
    assert.equal((await bytesOf(await client.textToSpeech.convert('voice', spoken))).length, spokenBytes);
  });
});
