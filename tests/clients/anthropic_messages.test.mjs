// @anthropic-ai/sdk's messages, against every family of providers.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import Anthropic from '@anthropic-ai/sdk';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';

import { families, marker, modelOf } from './support/families.mjs';
import { Recipe, pngBase64, pngBytes, recipe, remoteImage } from './support/material.mjs';
import { startPrograms } from './support/setup.mjs';

const { double, atelier } = await startPrograms();
const client = new Anthropic({ baseURL: atelier.url, apiKey: 'unused', maxRetries: 0 });

const user = (content) => [{ role: 'user', content }];
const textOf = (message) => message.content.filter(({ type }) => type === 'text').map(({ text }) => text).join('');

// Without what a provider may count in its own way, or not at all.
const counted = ({ input_tokens: input, output_tokens: output, cache_read_input_tokens: cached }) => ({ input, output, cached: cached ?? 0 });

for (const family of families) {
  const model = modelOf(family);

  describe(`messages with ${family.name}`, () => {
    test('answers', async () => {
      const asked = `hello ${marker()}`;
      const message = await client.messages.create({ model, max_tokens: 100, messages: user(asked) });
      assert.equal(message.type, 'message');
      assert.equal(message.role, 'assistant');
      assert.match(message.id, /^msg_/);
      assert.equal(message.model, 'double');
      assert.deepEqual(message.content.map(({ type, text }) => ({ type, text })), [{ type: 'text', text: `Echo: ${asked}` }]);
      assert.equal(message.stop_reason, 'end_turn');
      assert.equal(message.stop_sequence, null);
      assert.equal(message.usage.output_tokens, 4);
      assert.ok(message.usage.input_tokens > 0);
      assert.match(message._request_id, /./);
    });

    test('streams the same answer with the same usage', async () => {
      const request = { model, max_tokens: 100, messages: user(`say it again, and in pieces ${marker()}`) };
      const whole = await client.messages.create(request);
      const types = [];
      let text = '';
      for await (const event of await client.messages.create({ ...request, stream: true })) {
        types.push(event.type);
        if (event.type === 'content_block_delta') text += event.delta.text;
      }
      assert.equal(text, textOf(whole));
      assert.equal(types[0], 'message_start');
      assert.deepEqual(types.slice(-3), ['content_block_stop', 'message_delta', 'message_stop']);
      assert.ok(types.filter((type) => type === 'content_block_delta').length > 5, 'in more pieces than one');
      const streamed = await client.messages.stream(request).finalMessage();
      assert.equal(textOf(streamed), textOf(whole));
      assert.equal(streamed.stop_reason, 'end_turn');
      assert.deepEqual(counted(streamed.usage), counted(whole.usage));
    });

    test('takes a conversation of several turns', async () => {
      const mark = marker();
      const message = await client.messages.create({
        model,
        max_tokens: 100,
        system: [{ type: 'text', text: `be brief ${mark}`, cache_control: { type: 'ephemeral' } }],
        messages: [
          { role: 'user', content: [{ type: 'text', text: 'first question' }] },
          { role: 'assistant', content: [{ type: 'text', text: 'first answer' }] },
          { role: 'user', content: 'second question' },
        ],
      });
      assert.equal(textOf(message), 'Echo: second question');
      const [{ body }] = await double.requests(mark);
      for (const text of ['first question', 'first answer', 'second question']) assert.ok(body.includes(text), text);
    });

    test('ends at the limit on tokens', async () => {
      const request = { model, max_tokens: 5, messages: user('[say 40]') };
      const message = await client.messages.create(request);
      assert.equal(message.stop_reason, 'max_tokens');
      assert.equal(textOf(message), 't1 t2 t3 t4 t5');
      const streamed = await client.messages.stream(request).finalMessage();
      assert.equal(streamed.stop_reason, 'max_tokens');
      assert.equal(textOf(streamed), 't1 t2 t3 t4 t5');
    });

    test('ends at a stop sequence', async () => {
      const message = await client.messages.create({ model, max_tokens: 100, messages: user('[say 9]'), stop_sequences: ['t4'] });
      assert.equal(textOf(message).trim(), 't1 t2 t3');
      assert.ok(['stop_sequence', 'end_turn'].includes(message.stop_reason));
    });

    test('takes an image as data', async () => {
      const source = { type: 'base64', media_type: 'image/png', data: pngBase64 };
      const content = [{ type: 'image', source }, { type: 'text', text: 'what is this?' }];
      const message = await client.messages.create({ model, max_tokens: 100, messages: user(content) });
      assert.match(textOf(message), new RegExp(`^Echo: what is this\\? \\[image image\\S* ${pngBytes} bytes\\]$`));
    });

    test(`${family.takesRemoteImages ? 'takes' : 'refuses'} an image by its address`, async () => {
      const content = [{ type: 'image', source: { type: 'url', url: remoteImage } }, { type: 'text', text: 'and this?' }];
      const asked = client.messages.create({ model, max_tokens: 100, messages: user(content) });
      if (family.takesRemoteImages) {
        assert.ok(textOf(await asked).includes(remoteImage));
      } else {
        await assert.rejects(asked, (error) => error instanceof Anthropic.APIError && /address/.test(error.message));
      }
    });

    test('answers in a schema', async () => {
      const request = { model, max_tokens: 300, messages: user('a recipe'), output_config: { format: zodOutputFormat(Recipe) } };
      const message = await client.messages.parse(request);
      assert.deepEqual(message.parsed_output, recipe);
      const streamed = await client.messages.stream(request).finalMessage();
      assert.deepEqual(JSON.parse(textOf(streamed)), recipe);
    });

    test('shows a refusal', async () => {
      const request = { model, max_tokens: 100, messages: user('[refuse]') };
      const message = await client.messages.create(request);
      // Only OpenAI and Anthropic say it in their protocols; to the others it is an answer like any other.
      if (['openai', 'anthropic'].includes(family.provider)) assert.equal(message.stop_reason, 'refusal');
      const streamed = await client.messages.stream(request).finalMessage();
      assert.equal(streamed.stop_reason, message.stop_reason);
      assert.equal(textOf(streamed), textOf(message));
    });

    test('goes on with what the assistant has begun to say', async () => {
      const messages = [...user('[answer one two three]'), { role: 'assistant', content: 'one two' }];
      const message = await client.messages.create({ model, max_tokens: 100, messages });
      assert.equal(textOf(message), ' three');
    });
  });
}

test('what Anthropic caches is told to the last token', async () => {
  const system = [{ type: 'text', text: `a long instruction ${marker()}`, cache_control: { type: 'ephemeral', ttl: '1h' } }];
  const request = { model: 'anthropic/double', max_tokens: 100, system, messages: user('hello') };
  const first = await client.messages.create(request);
  assert.ok(first.usage.cache_creation_input_tokens > 0);
  assert.equal(first.usage.cache_creation.ephemeral_1h_input_tokens, first.usage.cache_creation_input_tokens);
  const second = await client.messages.stream(request).finalMessage();
  assert.equal(second.usage.cache_read_input_tokens, first.usage.cache_creation_input_tokens);
  assert.equal(second.usage.cache_creation_input_tokens, 0);
});

test('betas and fields we do not know travel on to Anthropic', async () => {
  const mark = marker();
  const asked = client.beta.messages.create({
    model: 'anthropic/double',
    max_tokens: 100,
    messages: user(mark),
    betas: ['context-management-2025-06-27'],
    context_management: { edits: [] },
  });
  assert.equal(textOf(await asked), `Echo: ${mark}`);
  const [request] = await double.requests(mark);
  assert.deepEqual(JSON.parse(request.body).context_management, { edits: [] });
  assert.equal(request.headers['anthropic-beta'], 'context-management-2025-06-27');
});
