// @anthropic-ai/sdk's tools: called once, in parallel, in a loop, with thoughts between that come back untouched.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import Anthropic from '@anthropic-ai/sdk';
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import { z } from 'zod';

import { families, modelOf } from './support/families.mjs';
import { clockSchema, weatherArguments, weatherSchema } from './support/material.mjs';
import { startPrograms } from './support/setup.mjs';

const { atelier } = await startPrograms();
const client = new Anthropic({ baseURL: atelier.url, apiKey: 'unused', maxRetries: 0 });

const tools = [
  { name: 'get_weather', description: 'The weather.', input_schema: weatherSchema },
  { name: 'get_time', description: 'The time.', input_schema: clockSchema },
];
const user = (content) => [{ role: 'user', content }];
const textOf = (message) => message.content.filter(({ type }) => type === 'text').map(({ text }) => text).join('');
const callsOf = (message) => message.content.filter(({ type }) => type === 'tool_use');
const called = (message) => callsOf(message).map(({ name, input }) => ({ name, input }));
const resultOf = ({ id }, content, more = {}) => ({ type: 'tool_result', tool_use_id: id, content, ...more });
const weatherCall = { name: 'get_weather', input: weatherArguments };
const clockCall = { name: 'get_time', input: {} };

for (const family of families) {
  const model = modelOf(family);
  const ask = async (stream, request) => {
    const whole = { model, max_tokens: 8000, tools, ...request };
    return stream ? client.messages.stream(whole).finalMessage() : client.messages.create(whole);
  };

  for (const stream of [false, true])
    describe(`tools of messages with ${family.name}, ${stream ? 'streamed' : 'unstreamed'}`, () => {
      test('are called, and their results answered', async () => {
        const messages = user('call get_weather');
        const first = await ask(stream, { messages });
        assert.equal(first.stop_reason, 'tool_use');
        assert.deepEqual(called(first), [weatherCall]);
        const { role, content } = first;
        messages.push({ role, content }, ...user([resultOf(callsOf(first)[0], 'sunny')]));
        const second = await ask(stream, { messages });
        assert.equal(textOf(second), 'Results: get_weather=sunny');
        assert.equal(second.stop_reason, 'end_turn');
      });

      test('are called in parallel', async () => {
        const messages = user('call get_weather, get_time and get_weather({"city":"Žilina","days":3})');
        const first = await ask(stream, { messages });
        assert.deepEqual(called(first), [weatherCall, clockCall, { name: 'get_weather', input: { city: 'Žilina', days: 3 } }]);
        const calls = callsOf(first);
        assert.equal(new Set(calls.map(({ id }) => id)).size, 3);
        const results = [resultOf(calls[0], [{ type: 'text', text: 'r0' }]), resultOf(calls[1], 'r1'), resultOf(calls[2], 'r2')];
        messages.push({ role: 'assistant', content: first.content }, ...user(results));
        assert.equal(textOf(await ask(stream, { messages })), 'Results: get_weather=r0; get_time=r1; get_weather=r2');
      });

      test('words and calls come in one answer', async () => {
        const message = await ask(stream, { messages: user('[answer Let me see.] call get_weather') });
        assert.equal(textOf(message), 'Let me see.');
        assert.deepEqual(called(message), [weatherCall]);
      });

      test('with a thought before each call', async () => {
        const thinking = { type: 'adaptive', display: 'summarized' };
        const output_config = { effort: 'low' };
        const messages = user('[think 4] call get_weather');
        const first = await ask(stream, { messages, thinking, output_config });
        const thoughts = first.content.filter(({ type, thinking: text }) => type === 'thinking' && text);
        assert.deepEqual(thoughts.map((block) => block.thinking), ['t1 t2 t3 t4']);
        assert.deepEqual(called(first), [weatherCall]);
        // The double refuses a call that comes back without its thought or with another signature.
        messages.push({ role: 'assistant', content: first.content }, ...user([resultOf(callsOf(first)[0], 'fog')]));
        const second = await ask(stream, { messages, thinking, output_config });
        assert.equal(textOf(second), 'Results: get_weather=fog');
        messages.push({ role: 'assistant', content: second.content }, ...user('thank you'));
        assert.equal(textOf(await ask(stream, { messages, thinking, output_config })), 'Echo: thank you');
      });

      test('a budget to think in is kept too', async () => {
        const thinking = { type: 'enabled', budget_tokens: 2000 };
        const messages = user('[think 3] call get_time');
        const first = await ask(stream, { messages, thinking });
        assert.deepEqual(called(first), [clockCall]);
        messages.push({ role: 'assistant', content: first.content }, ...user([resultOf(callsOf(first)[0], 'noon')]));
        assert.equal(textOf(await ask(stream, { messages, thinking })), 'Results: get_time=noon');
      });

      test('are called when they must be, and not when they must not', async () => {
        const messages = user('hello');
        if (family.canDemandAnyTool) assert.deepEqual(called(await ask(stream, { messages, tool_choice: { type: 'any' } })), [weatherCall]);
        assert.deepEqual(called(await ask(stream, { messages, tool_choice: { type: 'tool', name: 'get_weather' } })), [weatherCall]);
        assert.deepEqual(called(await ask(stream, { messages: user('call get_time'), tool_choice: { type: 'none' } })), []);
      });

      if (family.canForbidParallel)
        test('are called one by one when asked so', async () => {
          const tool_choice = { type: 'auto', disable_parallel_tool_use: true };
          const message = await ask(stream, { messages: user('call get_weather and get_time'), tool_choice });
          assert.deepEqual(called(message), [weatherCall]);
        });

      test("are run by the client's own loop", async () => {
        const seen = [];
        const runnable = (name, inputSchema, result) =>
          betaZodTool({ name, description: name, inputSchema, run: (given) => (seen.push([name, given]), result) });
        const runner = client.beta.messages.toolRunner({
          model,
          max_tokens: 500,
          stream,
          messages: user('call get_weather and get_time'),
          tools: [
            runnable('get_weather', z.object({ city: z.string(), days: z.number().int().min(1) }), 'rain'),
            runnable('get_time', z.object({}), 'noon'),
          ],
        });
        assert.equal(textOf(await runner.runUntilDone()), 'Results: get_weather=rain; get_time=noon');
        assert.deepEqual(seen, [
          ['get_weather', weatherArguments],
          ['get_time', {}],
        ]);
      });
    });
}

for (const family of families)
  test(`a failed tool is told to ${family.name}`, async () => {
    const messages = user('call get_time');
    const model = modelOf(family);
    const first = await client.messages.create({ model, max_tokens: 100, tools, messages });
    messages.push({ role: 'assistant', content: first.content }, ...user([resultOf(callsOf(first)[0], 'no clock', { is_error: true })]));
    const second = await client.messages.create({ model, max_tokens: 100, tools, messages });
    assert.match(textOf(second), /^Results: get_time.*no clock/);
  });

test('redacted thoughts of Anthropic come back untouched', async () => {
  const thinking = { type: 'adaptive' };
  const messages = user('[redacted] call get_weather');
  for (const stream of [false, true]) {
    const request = { model: 'anthropic/double', max_tokens: 4000, tools, thinking };
    const asked = (more) => (stream ? client.messages.stream({ ...request, ...more }).finalMessage() : client.messages.create({ ...request, ...more }));
    const first = await asked({ messages });
    assert.ok(first.content.some(({ type }) => type === 'redacted_thinking'));
    const next = [...messages, { role: 'assistant', content: first.content }, ...user([resultOf(callsOf(first)[0], 'dew')])];
    assert.equal(textOf(await asked({ messages: next })), 'Results: get_weather=dew');
  }
});
