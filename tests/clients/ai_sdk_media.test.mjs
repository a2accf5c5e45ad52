// Images, speech and transcriptions by the AI SDK with its OpenAI provider.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createOpenAI } from '@ai-sdk/openai';
import { generateImage, generateSpeech, transcribe } from 'ai';

import { pngBase64 } from './support/material.mjs';
import { sizeOfPng } from './support/media.mjs';
import { startPrograms } from './support/setup.mjs';

const { atelier } = await startPrograms();
const openai = createOpenAI({ baseURL: atelier.openaiUrl, apiKey: 'unused' });
const size = '64x32';

// The SDK does not know a model by this name and asks for base64, which the provider always gives and is never asked for.
const painter = openai.image('openai/gpt-image-2');

test('makes images', async () => {
  const { images, usage } = await generateImage({ model: painter, prompt: 'a fox', n: 2, size, maxRetries: 0 });
  assert.equal(images.length, 2);
  for (const { base64, mediaType } of images) {
    assert.equal(mediaType, 'image/png');
    assert.deepEqual(sizeOfPng(base64), { width: 64, height: 32 });
  }
  assert.ok(usage.totalTokens > 0);
});

test('edits an image', async () => {
  const prompt = { text: 'a hat', images: [Buffer.from(pngBase64, 'base64')] };
  const { image } = await generateImage({ model: painter, prompt, size, maxRetries: 0 });
  assert.deepEqual(sizeOfPng(image.base64), { width: 64, height: 32 });
});

test('speaks, and hears what it said', async () => {
  const { audio } = await generateSpeech({ model: openai.speech('openai/gpt-4o-mini-tts'), text: 'one two three', voice: 'alloy', outputFormat: 'wav', maxRetries: 0 });
  assert.equal(Buffer.from(audio.uint8Array).toString('latin1', 0, 4), 'RIFF');
  const heard = await transcribe({
    model: openai.transcription('openai/whisper-1'),
    audio: audio.uint8Array,
    providerOptions: { openai: { prompt: '[say 3]', responseFormat: 'verbose_json', timestampGranularities: ['word'] } },
    maxRetries: 0,
  });
  assert.equal(heard.text, 't1 t2 t3');
  assert.deepEqual(
    heard.segments.map(({ text }) => text),
    ['t1', 't2', 't3'],
  );
  assert.equal(heard.durationInSeconds, 0.9);
});
