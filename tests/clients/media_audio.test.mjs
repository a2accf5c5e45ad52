// Speech and transcriptions by the official client.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import OpenAI, { toFile } from 'openai';

import { marker } from './support/families.mjs';
import { collect, fileSeen, formOf, targetsOf } from './support/media.mjs';
import { startPrograms } from './support/setup.mjs';

const { double, atelier } = await startPrograms();
const targets = targetsOf({ double, atelier });
const voice = 'alloy';
const bytesOf = async (answer) => Buffer.from(await answer.arrayBuffer());

// Four words: 1.2 seconds.
const spoken = await targets[1].client.audio.speech.create({ model: 'gpt-4o-mini-tts', voice, input: 'one two three four', response_format: 'wav' });
const wav = await bytesOf(spoken);
const talk = (name = 'talk.wav') => toFile(wav, name, { type: 'audio/wav' });

for (const { name, client, modelOf } of targets) {
  const model = modelOf('gpt-4o-mini-tts');
  const goes = ({ client_closed_ns: closed }) => closed !== null;

  describe(`speech of ${name}`, () => {
    test('is what the provider made, in each format', async () => {
      const types = { wav: 'audio/wav', pcm: 'audio/pcm', mp3: 'audio/mpeg' };
      for (const [format, type] of Object.entries(types)) {
        const request = { voice, input: 'hello there', response_format: format };
        const mark = marker();
        const answer = await client.audio.speech.create({ ...request, model, instructions: mark });
        assert.equal(answer.headers.get('content-type'), type);
        const direct = await targets[1].client.audio.speech.create({ ...request, model: 'gpt-4o-mini-tts' });
        assert.deepEqual(await bytesOf(answer), await bytesOf(direct));
        assert.equal((await double.requests(mark)).length, 1, 'paid once');
      }
    });

    test('arrives while the rest is still being made', async () => {
      const mark = marker();
      const controller = new AbortController();
      const request = { model: modelOf('gpt-4o-mini-tts', 'stall-mid'), voice, input: 'one two three four', response_format: 'pcm', instructions: mark };
      const answer = await client.audio.speech.create(request, { signal: controller.signal });
      const reader = answer.body.getReader();
      const half = 6 * 4800;
      let size = 0;
      while (size < half) {
        const { value, done } = await reader.read();
        assert.ok(!done);
        size += value.length;
      }
      assert.equal(size, half);
      assert.equal((await double.waitForRequest(mark)).ended_ns, null);
      controller.abort();
      await assert.rejects(reader.read());
      await double.waitForRequest(mark, goes);
    });

    test('that nobody hears any more is not made on', async () => {
      const mark = marker();
      const controller = new AbortController();
      const input = `${mark} ${'word '.repeat(500)}`;
      const answer = await client.audio.speech.create({ model: modelOf('gpt-4o-mini-tts', 'token-gap=50'), voice, input, response_format: 'wav' }, { signal: controller.signal });
      await answer.body.getReader().read();
      controller.abort();
      assert.equal((await double.waitForRequest(mark, goes)).is_success, false);
      assert.equal((await double.requests(mark)).length, 1);
    });

    test('comes as events when asked', async () => {
      const answer = await client.audio.speech.create({ model, voice, input: 'one two three four', response_format: 'wav', stream_format: 'sse' });
      assert.match(answer.headers.get('content-type'), /^text\/event-stream/);
      const events = (await answer.text())
        .split('\n')
        .filter((line) => line.startsWith('data: {'))
        .map((line) => JSON.parse(line.slice(6)));
      const sound = events.filter(({ type }) => type === 'speech.audio.delta').map(({ audio }) => Buffer.from(audio, 'base64'));
      assert.deepEqual(Buffer.concat(sound), wav);
      assert.equal(events.at(-1).type, 'speech.audio.done');
      assert.ok(events.at(-1).usage.total_tokens > 0);
    });

    test('that breaks off is never as if it were whole', async () => {
      for (const fault of ['cut-mid,token-gap=20', 'cut-mid=rst,token-gap=20', 'error-mid,token-gap=20'])
        await assert.rejects(async () => {
          const answer = await client.audio.speech.create({ model: modelOf('gpt-4o-mini-tts', fault), voice, input: `one two three ${fault}` });
          await answer.arrayBuffer();
        }, Error);
    });

    test('is refused with the field that is wrong', async () => {
      const refused = (more, param) =>
        assert.rejects(client.audio.speech.create({ model, voice, input: 'hi', ...more }), (error) => {
          assert.ok(error instanceof OpenAI.BadRequestError, String(error));
          assert.equal(error.param, param);
          return true;
        });
      await refused({ voice: 'nobody' }, 'voice');
      await refused({ speed: 9 }, 'speed');
      await refused({ input: 'x'.repeat(4097) }, 'input');
      await refused({ response_format: 'mp4' }, 'response_format');
    });
  });

  describe(`transcriptions of ${name}`, () => {
    const whisper = modelOf('whisper-1');
    const hearing = modelOf('gpt-4o-transcribe');

    test('tell the text, and the file arrives as it is', async () => {
      const mark = marker();
      const { text, usage } = await client.audio.transcriptions.create({ model: hearing, file: await talk(), prompt: `[answer good day] ${mark}`, temperature: 0.5 });
      assert.equal(text, 'good day');
      assert.equal(usage.type, 'tokens');
      assert.equal(usage.total_tokens, usage.input_tokens + usage.output_tokens);
      const requests = await double.requests(mark);
      assert.equal(requests.length, 1, 'paid once');
      assert.deepEqual(formOf(requests[0]).files, [fileSeen('file', 'talk.wav', 'audio/wav', wav)]);
      assert.equal(formOf(requests[0]).fields.temperature, '0.5');
    });

    test('have times of words and segments', async () => {
      const verbose = await client.audio.transcriptions.create({
        model: whisper,
        file: await talk(),
        prompt: '[say 4]',
        response_format: 'verbose_json',
        timestamp_granularities: ['word', 'segment'],
      });
      assert.equal(verbose.language, 'english');
      assert.equal(verbose.duration, 1.2);
      assert.deepEqual(
        verbose.words.map(({ word, start, end }) => [word, start, end]),
        [
          ['t1', 0, 0.3],
          ['t2', 0.3, 0.6],
          ['t3', 0.6, 0.9],
          ['t4', 0.9, 1.2],
        ],
      );
      assert.deepEqual(
        verbose.segments.map(({ text }) => text),
        [' t1 t2 t3 t4'],
      );
      assert.deepEqual(verbose.usage, { type: 'duration', seconds: 2 });
    });

    test('are plain text, or subtitles', async () => {
      const as = async (format) => client.audio.transcriptions.create({ model: whisper, file: await talk(), prompt: '[say 2]', response_format: format });
      assert.equal(await as('text'), 't1 t2\n');
      assert.equal(await as('srt'), '1\n00:00:00,000 --> 00:00:01,200\nt1 t2\n\n');
      assert.equal(await as('vtt'), 'WEBVTT\n\n00:00:00.000 --> 00:00:01.200\nt1 t2\n\n');
    });

    test('are streamed', async () => {
      const events = await collect(await client.audio.transcriptions.create({ model: hearing, file: await talk(), prompt: '[say 5]', stream: true }));
      assert.deepEqual(
        events.map(({ type }) => type),
        [...Array(5).fill('transcript.text.delta'), 'transcript.text.done'],
      );
      const deltas = events.flatMap(({ delta }) => delta ?? []);
      assert.equal(deltas.join(''), 't1 t2 t3 t4 t5');
      assert.equal(events.at(-1).text, 't1 t2 t3 t4 t5');
      assert.ok(events.at(-1).usage.total_tokens > 0);
    });

    test('of a large file', async () => {
      const bytes = Buffer.alloc(20 * 1024 * 1024, 'sound and more of it ');
      const mark = marker();
      const { text } = await client.audio.transcriptions.create({ model: whisper, file: await toFile(bytes, 'long.mp3', { type: 'audio/mpeg' }), prompt: mark });
      assert.equal(text, `${bytes.length} bytes of long.mp3`);
      assert.deepEqual(formOf(await double.waitForRequest(mark)).files, [fileSeen('file', 'long.mp3', 'audio/mpeg', bytes)]);
    });

    test('into English', async () => {
      const { text } = await client.audio.translations.create({ model: whisper, file: await talk(), prompt: '[answer good evening]' });
      assert.equal(text, 'good evening');
    });

    test('are refused with the field that is wrong', async () => {
      const refused = async (more, param) =>
        assert.rejects(client.audio.transcriptions.create({ model: hearing, file: await talk(), ...more }), (error) => {
          assert.ok(error instanceof OpenAI.BadRequestError, String(error));
          assert.equal(error.param, param);
          return true;
        });
      await refused({ response_format: 'srt' }, 'response_format');
      await refused({ temperature: 7 }, 'temperature');
      await refused({ file: await talk('talk.doc') }, 'file');
    });

    test('of a model that nobody has are 404', async () => {
      await assert.rejects(client.audio.transcriptions.create({ model: modelOf('missing-whisper'), file: await talk() }), (error) => {
        assert.ok(error instanceof OpenAI.NotFoundError, String(error));
        assert.equal(error.code, 'model_not_found');
        return true;
      });
    });
  });
}

describe('the gateway tries again, unseen, what failed before a byte came', () => {
  const [{ client, modelOf }] = targets;
  const statusesOf = async (mark) => (await double.requests(mark)).map(({ status }) => status);

  test('speech', async () => {
    const mark = marker();
    await double.addRules({ fault: '429,retry-after=1', model: 'tts-busy', times: 1 });
    const answer = await client.audio.speech.create({ model: modelOf('tts-busy'), voice, input: mark, response_format: 'wav' });
    assert.equal((await bytesOf(answer)).toString('latin1', 0, 4), 'RIFF');
    assert.deepEqual(await statusesOf(mark), [429, 200]);
  });

  test('a transcription, whose file goes again whole', async () => {
    const mark = marker();
    await double.addRules({ fault: '503', model: 'whisper-busy', times: 1 });
    const { text } = await client.audio.transcriptions.create({ model: modelOf('whisper-busy'), file: await talk(), prompt: `[answer again] ${mark}` });
    assert.equal(text, 'again');
    assert.deepEqual(await statusesOf(mark), [503, 200]);
    for (const request of await double.requests(mark)) assert.deepEqual(formOf(request).files, [fileSeen('file', 'talk.wav', 'audio/wav', wav)]);
  });
});
