// A program that goes away stops its provider: in mid-stream, before the first byte, and of an answer that is not streamed.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import Anthropic from '@anthropic-ai/sdk';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { streamText } from 'ai';
import OpenAI from 'openai';

import { families, marker, modelOf } from './support/families.mjs';
import { startPrograms } from './support/setup.mjs';

const { double, atelier } = await startPrograms();
const openai = new OpenAI({ baseURL: atelier.openaiUrl, apiKey: 'unused', maxRetries: 2 });
const anthropic = new Anthropic({ baseURL: atelier.url, apiKey: 'unused', maxRetries: 2 });

// From the caller's going to the end of the provider's work.
const patienceMs = 2_000;

const callers = [
  {
    name: 'openai, chat',
    aborted: OpenAI.APIUserAbortError,
    ask: (model, content, stream, signal) => openai.chat.completions.create({ model, messages: [{ role: 'user', content }], stream }, { signal }),
    saysText: ({ choices }) => choices.some(({ delta }) => delta.content),
  },
  {
    name: 'openai, responses',
    aborted: OpenAI.APIUserAbortError,
    ask: (model, input, stream, signal) => openai.responses.create({ model, input, stream, store: false }, { signal }),
    saysText: ({ type }) => type === 'response.output_text.delta',
  },
  {
    name: 'anthropic, messages',
    aborted: Anthropic.APIUserAbortError,
    ask: (model, content, stream, signal) => anthropic.messages.create({ model, max_tokens: 500, messages: [{ role: 'user', content }], stream }, { signal }),
    saysText: ({ type }) => type === 'content_block_delta',
  },
];

async function assertClosed(mark) {
  const request = await double.waitForRequest(mark, ({ client_closed_ns: closed }) => closed !== null, patienceMs);
  assert.equal(request.is_success, false);
  // Nothing is tried again for somebody who has gone.
  await pause(100);
  assert.equal((await double.requests(mark)).length, 1);
}

for (const { name, aborted, ask, saysText } of callers)
  for (const family of families)
    describe(`${name}, with ${family.name}, goes away`, () => {
      test('in mid-stream, by its controller', async () => {
        const mark = marker();
        const controller = new AbortController();
        const stream = await ask(modelOf(family, 'token-gap=50'), `[say 200] ${mark}`, true, controller.signal);
        let seen = 0;
        for await (const event of stream) if (saysText(event) && ++seen === 3) controller.abort();
        assert.ok(seen < 10, `${seen} events came`);
        await assertClosed(mark);
      });

      test('in mid-stream, by leaving its loop', async () => {
        const mark = marker();
        const stream = await ask(modelOf(family, 'token-gap=50'), `[say 200] ${mark}`, true);
        for await (const event of stream) if (saysText(event)) break;
        await assertClosed(mark);
      });

      for (const stream of [true, false])
        test(`before the first byte of an answer that is ${stream ? '' : 'not '}streamed`, async () => {
          const mark = marker();
          const controller = new AbortController();
          const asked = ask(modelOf(family, 'silence'), `hello ${mark}`, stream, controller.signal);
          await double.waitForRequest(mark);
          controller.abort();
          await assert.rejects(asked, aborted);
          await assertClosed(mark);
        });

      test('between the head and the first token', async () => {
        const mark = marker();
        const controller = new AbortController();
        const asked = ask(modelOf(family, 'silence-head'), `hello ${mark}`, true, controller.signal);
        await double.waitForRequest(mark, ({ answered_ns: answered }) => answered !== null);
        controller.abort();
        await assert.rejects(asked, aborted);
        await assertClosed(mark);
      });
    });

test('the AI SDK goes away', async () => {
  const compatible = createOpenAICompatible({ name: 'atelier', baseURL: atelier.openaiUrl, apiKey: 'unused' });
  for (const family of families) {
    const mark = marker();
    const controller = new AbortController();
    const { fullStream } = streamText({ model: compatible(modelOf(family, 'token-gap=50')), prompt: `[say 200] ${mark}`, abortSignal: controller.signal });
    const types = [];
    for await (const { type } of fullStream) {
      types.push(type);
      if (type === 'text-delta') controller.abort();
    }
    assert.equal(types.at(-1), 'abort', family.name);
    await assertClosed(mark);
  }
});

test("a client's own timeout stops the provider too", async () => {
  const mark = marker();
  const hasty = openai.withOptions({ timeout: 200, maxRetries: 0 });
  const asked = hasty.chat.completions.create({ model: 'openai/double@silence', messages: [{ role: 'user', content: mark }] });
  await assert.rejects(asked, OpenAI.APIConnectionTimeoutError);
  await assertClosed(mark);
});
