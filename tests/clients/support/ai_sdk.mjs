// What every provider of the Vercel AI SDK does with every family: the same tests, for one provider after another.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { Output, generateText, isStepCount, streamText, tool } from 'ai';
import { z } from 'zod';

import { families, modelOf } from './families.mjs';
import { Recipe, pngBase64, recipe, weatherArguments } from './material.mjs';

const weather = z.object({ city: z.string(), days: z.number().int().min(1) });

/** Tools that answer, and what they were called with. */
function makeTools() {
  const seen = [];
  const made = (description, inputSchema, result) => tool({ description, inputSchema, execute: (given) => (seen.push(given), result) });
  return { seen, tools: { get_weather: made('The weather.', weather, 'rain'), get_time: made('The time.', z.object({}), 'noon') } };
}

const tokens = ({ inputTokens, outputTokens, totalTokens }) => ({ inputTokens, outputTokens, totalTokens });

// Runs a stream to its end; an error in it is thrown, as unstreamed.
async function finish(streamed) {
  for await (const part of streamed.fullStream) if (part.type === 'error') throw part.error;
  return streamed;
}

/**
 * @param {object} provider
 * @param {string} provider.name
 * @param {(model: string) => import('ai').LanguageModel} provider.make  its model of that name
 * @param {object} provider.thinking  provider options that ask for thoughts
 * @param {boolean} [provider.showsThoughts]
 */
export function testProvider({ name, make, thinking, showsThoughts = true }) {
  for (const family of families) {
    const model = make(modelOf(family));

    describe(`${name} with ${family.name}`, () => {
      test('answers, streamed as unstreamed', async () => {
        const request = { model, maxRetries: 0, instructions: 'be brief', prompt: 'hello there, in a few words' };
        const whole = await generateText(request);
        assert.equal(whole.text, 'Echo: hello there, in a few words');
        assert.equal(whole.finishReason, 'stop');
        assert.ok(whole.usage.inputTokens > 0);
        const streamed = streamText(request);
        const deltas = [];
        for await (const delta of streamed.textStream) deltas.push(delta);
        assert.equal(deltas.join(''), whole.text);
        assert.ok(deltas.length > 3, 'in more pieces than one');
        assert.equal(await streamed.finishReason, 'stop');
        assert.deepEqual(tokens(await streamed.totalUsage), tokens(whole.usage));
      });

      test('takes a conversation of several turns, and an image', async () => {
        const messages = [
          { role: 'user', content: 'first question' },
          { role: 'assistant', content: 'first answer' },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'what is this?' },
              { type: 'file', mediaType: 'image/png', data: Buffer.from(pngBase64, 'base64') },
            ],
          },
        ];
        const { text } = await generateText({ model, maxRetries: 0, messages });
        assert.match(text, /^Echo: what is this\? \[image image\S* \d+ bytes\]$/);
      });

      for (const stream of [false, true])
        test(`runs a loop of parallel tools, ${stream ? 'streamed' : 'unstreamed'}`, async () => {
          const { seen, tools } = makeTools();
          const request = { model, maxRetries: 0, tools, stopWhen: isStepCount(3), prompt: 'call get_weather and get_time' };
          const result = stream ? await finish(streamText(request)) : await generateText(request);
          assert.equal(await result.text, 'Results: get_weather=rain; get_time=noon');
          assert.deepEqual(seen, [weatherArguments, {}]);
          const steps = await result.steps;
          assert.deepEqual(
            steps.map(({ finishReason }) => finishReason),
            ['tool-calls', 'stop'],
          );
        });

      for (const stream of [false, true])
        test(`thinks between its tools, ${stream ? 'streamed' : 'unstreamed'}`, async () => {
          const { tools } = makeTools();
          const request = { model, maxRetries: 0, tools, stopWhen: isStepCount(3), providerOptions: thinking, prompt: '[think 4] call get_weather' };
          const result = stream ? await finish(streamText(request)) : await generateText(request);
          assert.equal(await result.text, 'Results: get_weather=rain');
          const [first] = await result.steps;
          assert.equal(first.reasoningText, showsThoughts ? 't1 t2 t3 t4' : undefined);
          // The whole of it goes back with the next question.
          const { messages } = await result.response;
          const next = await generateText({
            ...request,
            prompt: undefined,
            messages: [{ role: 'user', content: request.prompt }, ...messages, { role: 'user', content: 'thank you' }],
          });
          assert.equal(next.text, 'Echo: thank you');
        });

      test('answers in a schema, streamed as unstreamed', async () => {
        const request = { model, maxRetries: 0, output: Output.object({ schema: Recipe, name: 'recipe' }), prompt: 'a recipe' };
        assert.deepEqual((await generateText(request)).output, recipe);
        const streamed = streamText(request);
        let partial;
        for await (const object of streamed.partialOutputStream) partial = object;
        assert.deepEqual(partial, recipe);
        assert.deepEqual(await streamed.output, recipe);
      });

      test('ends at the limit on tokens', async () => {
        const { text, finishReason } = await generateText({ model, maxRetries: 0, maxOutputTokens: 16, prompt: '[say 40]' });
        assert.equal(finishReason, 'length');
        assert.match(text, /^t1 t2.* t16$/);
      });

      test('calls the tool it must', async () => {
        const { seen, tools } = makeTools();
        const { toolCalls } = await generateText({ model, maxRetries: 0, tools, prompt: 'hello', toolChoice: { type: 'tool', toolName: 'get_weather' } });
        assert.deepEqual(
          toolCalls.map(({ toolName }) => toolName),
          ['get_weather'],
        );
        assert.deepEqual(seen, [weatherArguments]);
      });
    });
  }
}
