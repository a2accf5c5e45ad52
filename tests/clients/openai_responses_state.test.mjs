// Responses that are kept, so that the next turn names the one before instead of sending it again.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import OpenAI from 'openai';

import { families, modelOf } from './support/families.mjs';
import { clockSchema } from './support/material.mjs';
import { startPrograms } from './support/setup.mjs';

const { atelier } = await startPrograms();
const client = new OpenAI({ baseURL: atelier.openaiUrl, apiKey: 'unused', maxRetries: 0 });
const tools = [{ type: 'function', name: 'get_time', description: 'The time.', parameters: clockSchema, strict: true }];

for (const family of families) {
  const model = modelOf(family);

  describe(`state of responses with ${family.name}`, () => {
    for (const stream of [false, true])
      test(`a turn goes on from the one before, ${stream ? 'streamed' : 'unstreamed'}`, async () => {
        const ask = (request) => (stream ? client.responses.stream({ model, ...request }).finalResponse() : client.responses.create({ model, ...request }));
        const first = await ask({ input: 'call get_time', tools, reasoning: { effort: 'low', summary: 'auto' } });
        const [call] = first.output.filter(({ type }) => type === 'function_call');
        const output = [{ type: 'function_call_output', call_id: call.call_id, output: 'noon' }];
        const second = await ask({ input: output, tools, previous_response_id: first.id });
        assert.equal(second.output_text, 'Results: get_time=noon');
        assert.equal(second.previous_response_id, first.id);
        const third = await ask({ input: 'thank you', previous_response_id: second.id });
        assert.equal(third.output_text, 'Echo: thank you');
      });

    test('what is kept can be read and deleted', async () => {
      const made = await client.responses.create({ model, input: 'remember this' });
      const read = await client.responses.retrieve(made.id);
      assert.deepEqual(read.output, made.output);
      const items = [];
      for await (const item of client.responses.inputItems.list(made.id)) items.push(item);
      assert.equal(items.length, 1);
      await client.responses.delete(made.id);
      await assert.rejects(client.responses.retrieve(made.id), OpenAI.NotFoundError);
    });

    test('what is not to be kept is not', async () => {
      const made = await client.responses.create({ model, input: 'forget this', store: false });
      await assert.rejects(client.responses.retrieve(made.id), OpenAI.NotFoundError);
      await assert.rejects(client.responses.create({ model, input: 'and now?', previous_response_id: made.id }), (error) => {
        assert.ok(error instanceof OpenAI.BadRequestError);
        assert.equal(error.code, 'previous_response_not_found');
        return true;
      });
    });
  });
}
