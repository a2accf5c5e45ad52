// The openai client's responses, against every family of providers.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';

import { families, marker, modelOf } from './support/families.mjs';
import { Recipe, pngBase64, pngBytes, recipe, remoteImage } from './support/material.mjs';
import { startPrograms } from './support/setup.mjs';

const { double, atelier } = await startPrograms();
const client = new OpenAI({ baseURL: atelier.openaiUrl, apiKey: 'unused', maxRetries: 0 });

// Of a stream: its events, and the response that the last of them brings.
async function collect(stream) {
  const events = [];
  for await (const event of stream) events.push(event);
  return { events, types: events.map(({ type }) => type), response: events.at(-1).response };
}

for (const family of families) {
  const model = modelOf(family);

  describe(`responses with ${family.name}`, () => {
    test('answers', async () => {
      const asked = `hello ${marker()}`;
      const response = await client.responses.create({ model, input: asked, store: false });
      assert.equal(response.object, 'response');
      assert.match(response.id, /^resp_/);
      assert.equal(response.status, 'completed');
      assert.equal(response.error, null);
      assert.equal(response.incomplete_details, null);
      assert.equal(response.model, 'double');
      assert.equal(response.output_text, `Echo: ${asked}`);
      assert.equal(response.usage.output_tokens, 4);
      assert.equal(response.usage.total_tokens, response.usage.input_tokens + response.usage.output_tokens);
      assert.match(response._request_id, /./);
    });

    test('streams the same answer with the same usage, event by event', async () => {
      const request = { model, input: `say it again, and in pieces ${marker()}`, store: false };
      const whole = await client.responses.create(request);
      const { events, types, response } = await collect(await client.responses.create({ ...request, stream: true }));
      assert.deepEqual(types.slice(0, 2), ['response.created', 'response.in_progress']);
      assert.equal(types.at(-1), 'response.completed');
      const deltas = events.filter(({ type }) => type === 'response.output_text.delta');
      assert.ok(deltas.length > 5, 'in more pieces than one');
      assert.equal(deltas.map(({ delta }) => delta).join(''), whole.output_text);
      assert.deepEqual(
        types.filter((type) => !type.endsWith('.delta')).slice(2, -1),
        ['output_item.added', 'content_part.added', 'output_text.done', 'content_part.done', 'output_item.done'].map((name) => `response.${name}`),
      );
      events.forEach(({ sequence_number: number }, i) => assert.equal(number, i));
      assert.equal(response.output[0].content[0].text, whole.output_text);
      assert.deepEqual(response.usage, whole.usage);
      assert.equal(new Set(events.filter(({ response: told }) => told).map(({ response: told }) => told.id)).size, 1);
    });

    test('the stream helper gives a whole response', async () => {
      const stream = client.responses.stream({ model, input: 'one two three', store: false });
      let said = '';
      stream.on('response.output_text.delta', ({ delta }) => (said += delta));
      const response = await stream.finalResponse();
      assert.equal(response.output_text, 'Echo: one two three');
      assert.equal(said, 'Echo: one two three');
    });

    test('takes a conversation of several turns', async () => {
      const mark = marker();
      const first = await client.responses.create({ model, input: 'first question', store: false });
      const response = await client.responses.create({
        model,
        store: false,
        instructions: `be brief ${mark}`,
        input: [
          { role: 'user', content: 'first question' },
          ...first.output,
          { role: 'developer', content: 'be kind' },
          { role: 'user', content: [{ type: 'input_text', text: 'second question' }] },
        ],
      });
      assert.equal(response.output_text, 'Echo: second question');
      const [{ body }] = await double.requests(mark);
      for (const text of ['first question', 'Echo: first question', 'be kind', 'second question']) assert.ok(body.includes(text), text);
    });

    test('ends at the limit on tokens', async () => {
      const request = { model, input: '[say 40]', max_output_tokens: 16, store: false };
      const response = await client.responses.create(request);
      assert.equal(response.status, 'incomplete');
      assert.equal(response.incomplete_details.reason, 'max_output_tokens');
      assert.match(response.output_text, /^t1 t2.* t16$/);
      const { types, response: streamed } = await collect(await client.responses.create({ ...request, stream: true }));
      assert.equal(types.at(-1), 'response.incomplete');
      assert.equal(streamed.incomplete_details.reason, 'max_output_tokens');
    });

    test('takes an image as data', async () => {
      const content = [
        { type: 'input_text', text: 'what is this?' },
        { type: 'input_image', image_url: `data:image/png;base64,${pngBase64}`, detail: 'low' },
      ];
      const response = await client.responses.create({ model, input: [{ role: 'user', content }], store: false });
      assert.match(response.output_text, new RegExp(`^Echo: what is this\\? \\[image image\\S* ${pngBytes} bytes\\]$`));
    });

    test(`${family.takesRemoteImages ? 'takes' : 'refuses'} an image by its address`, async () => {
      const content = [
        { type: 'input_text', text: 'and this?' },
        { type: 'input_image', image_url: remoteImage, detail: 'auto' },
      ];
      const asked = client.responses.create({ model, input: [{ role: 'user', content }], store: false });
      if (family.takesRemoteImages) assert.ok((await asked).output_text.includes(remoteImage));
      else await assert.rejects(asked, (error) => error instanceof OpenAI.BadRequestError && /address/.test(error.message));
    });

    test('answers in a schema', async () => {
      const request = { model, input: 'a recipe', text: { format: zodTextFormat(Recipe, 'recipe') }, store: false };
      const response = await client.responses.parse(request);
      assert.deepEqual(response.output_parsed, recipe);
      const streamed = await client.responses.stream(request).finalResponse();
      assert.deepEqual(streamed.output_parsed, recipe);
    });

    test('shows a refusal', async () => {
      const response = await client.responses.create({ model, input: '[refuse]', store: false });
      const { response: streamed } = await collect(await client.responses.create({ model, input: '[refuse]', store: false, stream: true }));
      const said = ({ output }) => output.flatMap(({ content = [] }) => content).map(({ type }) => type);
      assert.deepEqual(said(streamed), said(response));
      assert.equal(streamed.status, response.status);
      if (family.provider === 'openai') assert.deepEqual(said(response), ['refusal']);
    });

    test('repeats what was asked for', async () => {
      const response = await client.responses.create({ model, input: 'hi', temperature: 0.5, metadata: { a: 'b' }, instructions: 'be kind', store: false });
      assert.equal(response.temperature, 0.5);
      assert.deepEqual(response.metadata, { a: 'b' });
      assert.equal(response.instructions, 'be kind');
      assert.deepEqual(response.tools, []);
      assert.equal(response.parallel_tool_calls, true);
    });
  });
}
