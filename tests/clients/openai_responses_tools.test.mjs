// The openai client's tools in responses: called once, in parallel, in a loop, with reasoning items between.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import OpenAI from 'openai';

import { families, modelOf } from './support/families.mjs';
import { clockSchema, weatherArguments, weatherSchema } from './support/material.mjs';
import { startPrograms } from './support/setup.mjs';

const { atelier } = await startPrograms();
const client = new OpenAI({ baseURL: atelier.openaiUrl, apiKey: 'unused', maxRetries: 0 });

const functionTool = (name, parameters) => ({ type: 'function', name, description: `The ${name}.`, parameters, strict: true });
const tools = [functionTool('get_weather', weatherSchema), functionTool('get_time', clockSchema)];
const user = (content) => [{ role: 'user', content }];
const callsOf = (response) => response.output.filter(({ type }) => type === 'function_call');
const called = (response) => callsOf(response).map(({ name, arguments: given }) => ({ name, given: JSON.parse(given) }));
const resultOf = ({ call_id }, output) => ({ type: 'function_call_output', call_id, output });
const weatherCall = { name: 'get_weather', given: weatherArguments };
const clockCall = { name: 'get_time', given: {} };

for (const family of families)
  for (const stream of [false, true])
    describe(`tools of responses with ${family.name}, ${stream ? 'streamed' : 'unstreamed'}`, () => {
      const ask = async (request) => {
        const whole = { model: modelOf(family), tools, store: false, ...request };
        return stream ? client.responses.stream(whole).finalResponse() : client.responses.create(whole);
      };

      test('are called, and their results answered', async () => {
        const input = user('call get_weather');
        const first = await ask({ input });
        assert.equal(first.status, 'completed');
        assert.deepEqual(called(first), [weatherCall]);
        const second = await ask({ input: [...input, ...first.output, resultOf(callsOf(first)[0], 'sunny')] });
        assert.equal(second.output_text, 'Results: get_weather=sunny');
      });

      test('are called in parallel', async () => {
        const input = user('call get_weather, get_time and get_weather({"city":"Žilina","days":3})');
        const first = await ask({ input });
        assert.deepEqual(called(first), [weatherCall, clockCall, { name: 'get_weather', given: { city: 'Žilina', days: 3 } }]);
        const calls = callsOf(first);
        assert.equal(new Set(calls.map(({ call_id: id }) => id)).size, 3);
        assert.equal(new Set(calls.map(({ id }) => id)).size, 3);
        const second = await ask({ input: [...input, ...first.output, ...calls.map((call, i) => resultOf(call, `r${i}`))] });
        assert.equal(second.output_text, 'Results: get_weather=r0; get_time=r1; get_weather=r2');
      });

      test('words and calls come in one answer', async () => {
        const response = await ask({ input: user('[answer Let me see.] call get_weather') });
        assert.equal(response.output_text, 'Let me see.');
        assert.deepEqual(called(response), [weatherCall]);
      });

      test('with a reasoning item before each call', async () => {
        const more = { reasoning: { effort: 'low', summary: 'auto' }, include: ['reasoning.encrypted_content'] };
        const input = user('[think 4] call get_weather');
        const first = await ask({ ...more, input });
        const [thought] = first.output.filter(({ type }) => type === 'reasoning');
        assert.equal(thought.summary.map(({ text }) => text).join(''), 't1 t2 t3 t4');
        assert.deepEqual(called(first), [weatherCall]);
        // The double refuses a call that comes back without its thought or with another signature.
        input.push(...first.output, resultOf(callsOf(first)[0], 'fog'));
        const second = await ask({ ...more, input });
        assert.equal(second.output_text, 'Results: get_weather=fog');
        input.push(...second.output, ...user('thank you'));
        assert.equal((await ask({ ...more, input })).output_text, 'Echo: thank you');
      });

      test('are not called when they must not be', async () => {
        const response = await ask({ input: user('call get_weather'), tool_choice: 'none' });
        assert.equal(response.output_text, 'Echo: call get_weather');
      });

      test('are called when they must be', async () => {
        const input = user('hello');
        if (family.canDemandAnyTool) assert.deepEqual(called(await ask({ input, tool_choice: 'required' })), [weatherCall]);
        assert.deepEqual(called(await ask({ input, tool_choice: { type: 'function', name: 'get_weather' } })), [weatherCall]);
      });

      if (family.canForbidParallel)
        test('are called one by one when asked so', async () => {
          const response = await ask({ input: user('call get_weather and get_time'), parallel_tool_calls: false });
          assert.deepEqual(called(response), [weatherCall]);
        });
    });

test('custom tools with OpenAI take free text', async () => {
  for (const stream of [false, true]) {
    const request = { model: 'openai/double', input: user('call shell'), tools: [{ type: 'custom', name: 'shell' }], store: false };
    const response = await (stream ? client.responses.stream(request).finalResponse() : client.responses.create(request));
    const [call] = response.output.filter(({ type }) => type === 'custom_tool_call');
    assert.equal(call.name, 'shell');
    assert.equal(call.input, 'input for shell');
    const input = [...request.input, ...response.output, { type: 'custom_tool_call_output', call_id: call.call_id, output: 'done' }];
    assert.equal((await client.responses.create({ ...request, input })).output_text, 'Results: shell=done');
  }
});
