// The openai client's tools in chat completions: called once, in parallel, in a loop, with thoughts between.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import OpenAI from 'openai';

import { families, modelOf } from './support/families.mjs';
import { clockSchema, weatherArguments, weatherSchema } from './support/material.mjs';
import { collect, functionTool } from './support/openai_chat.mjs';
import { startPrograms } from './support/setup.mjs';

const { double, atelier } = await startPrograms();
const client = new OpenAI({ baseURL: atelier.openaiUrl, apiKey: 'unused', maxRetries: 0 });

const tools = [functionTool('get_weather', weatherSchema), functionTool('get_time', clockSchema)];
const user = (content) => [{ role: 'user', content }];
const resultOf = (call, content) => ({ role: 'tool', tool_call_id: call.id, content });

// Without the ids, which differ from answer to answer.
const called = (calls) => calls.map(({ type, function: { name, arguments: given } }) => ({ type, name, given: JSON.parse(given) }));
const weatherCall = { type: 'function', name: 'get_weather', given: weatherArguments };
const clockCall = { type: 'function', name: 'get_time', given: {} };

for (const family of families) {
  const model = modelOf(family);

  describe(`tools of chat with ${family.name}`, () => {
    test('are called, and their results answered', async () => {
      const messages = user('call get_weather');
      const first = await client.chat.completions.create({ model, messages, tools });
      const { message, finish_reason: finish } = first.choices[0];
      assert.equal(finish, 'tool_calls');
      assert.deepEqual(called(message.tool_calls), [weatherCall]);
      assert.equal(message.content, null);
      messages.push(message, resultOf(message.tool_calls[0], 'sunny'));
      const second = await client.chat.completions.create({ model, messages, tools });
      assert.equal(second.choices[0].message.content, 'Results: get_weather=sunny');
      assert.equal(second.choices[0].finish_reason, 'stop');
    });

    test('are called in parallel, streamed as unstreamed', async () => {
      const messages = user('call get_weather, get_time and get_weather({"city":"Žilina","days":3})');
      const expected = [weatherCall, clockCall, { ...weatherCall, given: { city: 'Žilina', days: 3 } }];
      const whole = await client.chat.completions.create({ model, messages, tools });
      assert.deepEqual(called(whole.choices[0].message.tool_calls), expected);
      const { message, finish } = await collect(await client.chat.completions.create({ model, messages, tools, stream: true }));
      assert.equal(finish, 'tool_calls');
      assert.deepEqual(called(message.tool_calls), expected);
      const ids = message.tool_calls.map(({ id }) => id);
      assert.equal(new Set(ids).size, 3);
      messages.push(message, ...message.tool_calls.map((call, i) => resultOf(call, `r${i}`)));
      const { message: last } = await collect(await client.chat.completions.create({ model, messages, tools, stream: true }));
      assert.equal(last.content, 'Results: get_weather=r0; get_time=r1; get_weather=r2');
    });

    test('words and calls come in one answer', async () => {
      const request = { model, messages: user('[answer Let me see.] call get_weather'), tools };
      const whole = (await client.chat.completions.create(request)).choices[0].message;
      assert.equal(whole.content, 'Let me see.');
      assert.deepEqual(called(whole.tool_calls), [weatherCall]);
      const { message } = await collect(await client.chat.completions.create({ ...request, stream: true }));
      assert.equal(message.content, 'Let me see.');
      assert.deepEqual(called(message.tool_calls), [weatherCall]);
    });

    for (const stream of [false, true])
      test(`are run by the client's own loop, ${stream ? 'streamed' : 'unstreamed'}`, async () => {
        const seen = [];
        const runnable = (name, parameters, result) => ({
          type: 'function',
          function: { name, description: name, parameters, parse: JSON.parse, function: (given) => (seen.push([name, given]), result) },
        });
        const runner = client.chat.completions.runTools({
          model,
          stream,
          messages: user('call get_weather and get_time'),
          tools: [runnable('get_weather', weatherSchema, 'rain'), runnable('get_time', clockSchema, 'noon')],
        });
        assert.equal(await runner.finalContent(), 'Results: get_weather=rain; get_time=noon');
        assert.deepEqual(seen, [
          ['get_weather', weatherArguments],
          ['get_time', {}],
        ]);
      });

    test('are not called when they must not be', async () => {
      const answer = await client.chat.completions.create({ model, messages: user('call get_weather'), tools, tool_choice: 'none' });
      assert.equal(answer.choices[0].message.content, 'Echo: call get_weather');
    });

    test('are called when they must be, streamed as unstreamed', async () => {
      const ask = async (tool_choice) => {
        const request = { model, messages: user('hello'), tools, tool_choice };
        const { message, finish_reason: finish } = (await client.chat.completions.create(request)).choices[0];
        const streamed = await collect(await client.chat.completions.create({ ...request, stream: true }));
        assert.deepEqual(called(streamed.message.tool_calls), called(message.tool_calls));
        assert.equal(streamed.finish, finish);
        return called(message.tool_calls);
      };
      if (family.canDemandAnyTool) assert.deepEqual(await ask('required'), [weatherCall]);
      assert.deepEqual(await ask({ type: 'function', function: { name: 'get_weather' } }), [weatherCall]);
      assert.deepEqual(await ask({ type: 'function', function: { name: 'get_time' } }), [clockCall]);
      const allowed = { mode: 'required', tools: [{ type: 'function', function: { name: 'get_time' } }] };
      assert.deepEqual(await ask({ type: 'allowed_tools', allowed_tools: allowed }), [clockCall]);
    });

    if (family.canForbidParallel)
      test('are called one by one when asked so', async () => {
        const request = { model, messages: user('call get_weather and get_time'), tools, parallel_tool_calls: false };
        const answer = await client.chat.completions.create(request);
        assert.deepEqual(called(answer.choices[0].message.tool_calls), [weatherCall]);
      });

    for (const stream of [false, true])
      test(`with a thought before each call, ${stream ? 'streamed' : 'unstreamed'}`, async () => {
        const ask = async (messages) => {
          const request = { model, messages, tools, reasoning_effort: 'low', stream };
          const answer = await client.chat.completions.create(request);
          return stream ? (await collect(answer)).message : answer.choices[0].message;
        };
        const messages = user('[think 4] call get_weather');
        const first = await ask(messages);
        assert.equal(first.reasoning_content, 't1 t2 t3 t4');
        assert.deepEqual(called(first.tool_calls), [weatherCall]);
        // The double refuses a call that comes back without its thought or with another signature.
        const second = await ask([...messages, first, resultOf(first.tool_calls[0], 'fog')]);
        assert.equal(second.content, 'Results: get_weather=fog');
        const third = await ask([...messages, first, resultOf(first.tool_calls[0], 'fog'), second, ...user('thank you')]);
        assert.equal(third.content, 'Echo: thank you');
      });

    test('a program that keeps no thoughts is served too', async () => {
      const messages = user('[think 2] call get_weather');
      const request = { model, tools, reasoning_effort: 'low' };
      const { content, tool_calls: calls } = (await client.chat.completions.create({ ...request, messages })).choices[0].message;
      messages.push({ role: 'assistant', content, tool_calls: calls.map(({ id, type, function: called }) => ({ id, type, function: called })) });
      messages.push(resultOf(calls[0], 'hail'));
      const answer = await client.chat.completions.create({ ...request, messages });
      assert.equal(answer.choices[0].message.content, 'Results: get_weather=hail');
    });
  });
}

test('a conversation moves from one provider to the next in mid-loop', async () => {
  const messages = user('[think 3] call get_weather and get_time');
  for (const family of families) {
    const request = { model: modelOf(family), messages, tools, reasoning_effort: 'low' };
    const { message } = (await client.chat.completions.create(request)).choices[0];
    assert.deepEqual(called(message.tool_calls), [weatherCall, clockCall], family.name);
    messages.push(message, ...message.tool_calls.map((call) => resultOf(call, `from ${family.name}`)));
    // Another one takes over with the results.
    const other = families[(families.indexOf(family) + 1) % families.length];
    const answer = await client.chat.completions.create({ ...request, model: modelOf(other) });
    assert.equal(answer.choices[0].message.content, `Results: get_weather=from ${family.name}; get_time=from ${family.name}`, other.name);
    messages.push(answer.choices[0].message, ...user('[think 3] call get_weather and get_time'));
  }
});

test('custom tools with OpenAI take free text', async () => {
  const custom = [{ type: 'custom', custom: { name: 'shell', description: 'A shell.' } }];
  const answer = await client.chat.completions.create({ model: 'openai/double', messages: user('call shell'), tools: custom });
  const [call] = answer.choices[0].message.tool_calls;
  assert.equal(call.type, 'custom');
  assert.deepEqual(call.custom, { name: 'shell', input: 'input for shell' });
});

test('what the provider was sent has no key of the caller', async () => {
  const requests = await double.requests();
  assert.ok(requests.length > 0);
  assert.ok(requests.every(({ headers }) => !JSON.stringify(headers).includes('unused')));
});
