// Providers that speak OpenAI's chat, each with quirks of its own: the short list of what programs do.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';

import { modelOf, relatives } from './support/families.mjs';
import { Recipe, clockSchema, pngBase64, recipe, weatherSchema } from './support/material.mjs';
import { collect, functionTool } from './support/openai_chat.mjs';
import { startPrograms } from './support/setup.mjs';

const { atelier } = await startPrograms();
const client = new OpenAI({ baseURL: atelier.openaiUrl, apiKey: 'unused', maxRetries: 0 });
const user = (content) => [{ role: 'user', content }];
const tools = [functionTool('get_weather', weatherSchema), functionTool('get_time', clockSchema)];

for (const relative of relatives) {
  const model = modelOf(relative);

  describe(`chat with ${relative}`, () => {
    test('streams the same answer with the same usage', async () => {
      const request = { model, messages: [{ role: 'developer', content: 'be kind' }, ...user('one two three')], max_completion_tokens: 100 };
      const whole = await client.chat.completions.create(request);
      assert.equal(whole.choices[0].message.content, 'Echo: one two three');
      const streamed = await collect(await client.chat.completions.create({ ...request, stream: true, stream_options: { include_usage: true } }));
      assert.equal(streamed.message.content, 'Echo: one two three');
      assert.equal(streamed.finish, whole.choices[0].finish_reason);
      for (const name of ['prompt_tokens', 'completion_tokens', 'total_tokens']) assert.equal(streamed.usage[name], whole.usage[name], name);
    });

    for (const stream of [false, true])
      test(`runs a loop of parallel tools with thoughts, ${stream ? 'streamed' : 'unstreamed'}`, async () => {
        const ask = async (messages) => {
          const answer = await client.chat.completions.create({ model, messages, tools, reasoning_effort: 'low', stream });
          return stream ? (await collect(answer)).message : answer.choices[0].message;
        };
        const messages = user('[think 2] call get_weather and get_time');
        const message = await ask(messages);
        assert.deepEqual(
          message.tool_calls.map((call) => call.function.name),
          ['get_weather', 'get_time'],
        );
        messages.push(message, ...message.tool_calls.map(({ id }, i) => ({ role: 'tool', tool_call_id: id, content: `r${i}` })));
        assert.equal((await ask(messages)).content, 'Results: get_weather=r0; get_time=r1');
      });

    test('answers in a schema', async () => {
      const answer = await client.chat.completions.parse({ model, messages: user('a recipe'), response_format: zodResponseFormat(Recipe, 'recipe') });
      assert.deepEqual(answer.choices[0].message.parsed, recipe);
    });

    test('takes an image', async () => {
      const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${pngBase64}` } };
      const answer = await client.chat.completions.create({ model, messages: user([{ type: 'text', text: 'look' }, image]) });
      assert.match(answer.choices[0].message.content, /^Echo: look \[image image\/png \d+ bytes\]$/);
    });
  });
}
