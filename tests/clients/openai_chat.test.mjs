// The openai client's chat completions, against every family of providers.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';

import { families, marker, modelOf } from './support/families.mjs';
import { Recipe, pngBase64, pngBytes, recipe, remoteImage } from './support/material.mjs';
import { collect } from './support/openai_chat.mjs';
import { startPrograms } from './support/setup.mjs';

const { double, atelier } = await startPrograms();
const client = new OpenAI({ baseURL: atelier.openaiUrl, apiKey: 'unused', maxRetries: 0 });

const user = (content) => [{ role: 'user', content }];

for (const family of families) {
  const model = modelOf(family);

  describe(`chat with ${family.name}`, () => {
    test('answers', async () => {
      const asked = `hello ${marker()}`;
      const { data: answer, response } = await client.chat.completions.create({ model, messages: user(asked) }).withResponse();
      assert.equal(answer.object, 'chat.completion');
      assert.match(answer.id, /./);
      assert.equal(answer.model, 'double');
      assert.ok(answer.created > 1_600_000_000);
      assert.equal(answer.choices.length, 1);
      assert.equal(answer.choices[0].index, 0);
      assert.equal(answer.choices[0].finish_reason, 'stop');
      assert.equal(answer.choices[0].message.role, 'assistant');
      assert.equal(answer.choices[0].message.content, `Echo: ${asked}`);
      assert.equal(answer.choices[0].message.refusal ?? null, null);
      assert.equal(answer.usage.completion_tokens, 4);
      assert.ok(answer.usage.prompt_tokens > 0);
      assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
      assert.match(response.headers.get('x-request-id'), /./);
      assert.equal(answer._request_id, response.headers.get('x-request-id'));
    });

    test('streams the same answer with the same usage', async () => {
      const messages = user(`say it again, and in pieces ${marker()}`);
      const whole = await client.chat.completions.create({ model, messages });
      const streamed = await collect(await client.chat.completions.create({ model, messages, stream: true, stream_options: { include_usage: true } }));
      assert.equal(streamed.message.content, whole.choices[0].message.content);
      assert.equal(streamed.finish, 'stop');
      assert.deepEqual(streamed.usage, whole.usage);
      assert.ok(streamed.chunks.length > 5, 'in more pieces than one');
      assert.equal(new Set(streamed.chunks.map(({ id }) => id)).size, 1);
      assert.ok(streamed.chunks.every(({ object }) => object === 'chat.completion.chunk'));
      assert.deepEqual(streamed.chunks.at(-1).choices, []);
      assert.equal(streamed.chunks.slice(0, -1).filter(({ usage }) => usage).length, 0);
    });

    test('tells no usage in a stream that did not ask for it', async () => {
      const { chunks } = await collect(await client.chat.completions.create({ model, messages: user('hi'), stream: true }));
      assert.ok(chunks.every(({ usage, choices }) => !usage && choices.length === 1));
    });

    test('the stream helper gives a whole answer', async () => {
      const seen = [];
      const stream = client.chat.completions.stream({ model, messages: user('one two three') });
      stream.on('content', (delta) => seen.push(delta));
      const answer = await stream.finalChatCompletion();
      assert.equal(answer.choices[0].message.content, 'Echo: one two three');
      assert.equal(answer.choices[0].finish_reason, 'stop');
      assert.equal(seen.join(''), 'Echo: one two three');
    });

    test('takes a conversation of several turns', async () => {
      const mark = marker();
      const messages = [
        { role: 'system', content: `be brief ${mark}` },
        { role: 'user', content: [{ type: 'text', text: 'first question' }] },
        { role: 'assistant', content: 'first answer' },
        { role: 'user', content: 'second question' },
      ];
      const answer = await client.chat.completions.create({ model, messages });
      assert.equal(answer.choices[0].message.content, 'Echo: second question');
      const [{ body }] = await double.requests(mark);
      const order = ['be brief', 'first question', 'first answer', 'second question'].map((text) => body.indexOf(text));
      assert.ok(order.every((at) => at >= 0));
      assert.ok(order[1] < order[2] && order[2] < order[3]);
    });

    test('ends at the limit on tokens', async () => {
      const request = { model, messages: user('[say 40]'), max_completion_tokens: 5 };
      const answer = await client.chat.completions.create(request);
      assert.equal(answer.choices[0].finish_reason, 'length');
      assert.equal(answer.choices[0].message.content, 't1 t2 t3 t4 t5');
      const streamed = await collect(await client.chat.completions.create({ ...request, stream: true }));
      assert.equal(streamed.finish, 'length');
      assert.equal(streamed.message.content, 't1 t2 t3 t4 t5');
    });

    test('ends at a stop sequence', async () => {
      const answer = await client.chat.completions.create({ model, messages: user('[say 9]'), stop: ['t4'] });
      assert.equal(answer.choices[0].message.content.trim(), 't1 t2 t3');
      assert.equal(answer.choices[0].finish_reason, 'stop');
    });

    test('takes an image as data', async () => {
      const content = [
        { type: 'text', text: 'what is this?' },
        { type: 'image_url', image_url: { url: `data:image/png;base64,${pngBase64}` } },
      ];
      const answer = await client.chat.completions.create({ model, messages: user(content) });
      assert.match(answer.choices[0].message.content, new RegExp(`^Echo: what is this\\? \\[image image\\S* ${pngBytes} bytes\\]$`));
    });

    test(`${family.takesRemoteImages ? 'takes' : 'refuses'} an image by its address`, async () => {
      const content = [
        { type: 'text', text: 'and this?' },
        { type: 'image_url', image_url: { url: remoteImage } },
      ];
      const asked = client.chat.completions.create({ model, messages: user(content) });
      if (family.takesRemoteImages) {
        assert.ok((await asked).choices[0].message.content.includes(remoteImage));
      } else {
        await assert.rejects(asked, (error) => error instanceof OpenAI.APIError && /address/.test(error.message));
      }
    });

    test('answers in a schema', async () => {
      const request = { model, messages: user('a recipe'), response_format: zodResponseFormat(Recipe, 'recipe') };
      const answer = await client.chat.completions.parse(request);
      assert.deepEqual(answer.choices[0].message.parsed, recipe);
      const streamed = await client.chat.completions.stream(request).finalChatCompletion();
      assert.deepEqual(streamed.choices[0].message.parsed, recipe);
    });

    test(`${family.hasSeveralAnswers ? 'gives' : 'refuses'} several answers`, async () => {
      const request = { model, messages: user('hello'), n: 2 };
      if (!family.hasSeveralAnswers) {
        await assert.rejects(client.chat.completions.create(request), (error) => error instanceof OpenAI.APIError && error.status < 500);
        return;
      }
      const answer = await client.chat.completions.create(request);
      assert.deepEqual(
        answer.choices.map(({ message }) => message.content),
        ['Echo: hello', 'Echo 1: hello'],
      );
      const said = ['', ''];
      for await (const { choices } of await client.chat.completions.create({ ...request, stream: true }))
        for (const { index, delta } of choices) said[index] += delta.content ?? '';
      assert.deepEqual(said, ['Echo: hello', 'Echo 1: hello']);
    });

    test('names what was read from a cache and what was thought', async () => {
      const request = { model, messages: user('[cached 2] [think 3] some more words to count'), reasoning_effort: 'low' };
      const { usage } = await client.chat.completions.create(request);
      const streamed = await collect(await client.chat.completions.create({ ...request, stream: true, stream_options: { include_usage: true } }));
      assert.deepEqual(streamed.usage, usage);
      assert.ok(usage.completion_tokens >= usage.completion_tokens_details.reasoning_tokens);
    });
  });
}
