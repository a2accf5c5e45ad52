// Errors, each in the class that its client has for it, with what a program needs to go on.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import Anthropic from '@anthropic-ai/sdk';
import { APICallError, generateText, streamText } from 'ai';
import OpenAI from 'openai';

import { families, marker, modelOf } from './support/families.mjs';
import { startPrograms } from './support/setup.mjs';

const { double, atelier } = await startPrograms({ needsKey: true });

const openaiWith = (apiKey) => new OpenAI({ baseURL: atelier.openaiUrl, apiKey, maxRetries: 0 });
const anthropicWith = (apiKey) => new Anthropic({ baseURL: atelier.url, apiKey, maxRetries: 0 });
const openai = openaiWith(atelier.key);
const anthropic = anthropicWith(atelier.key);
const user = (content) => [{ role: 'user', content }];

// The same call by each interface; `more` are further fields. A stream is read to its end.
async function drain(asked, stream) {
  const answer = await asked;
  if (stream) for await (const event of answer) if (event.type === 'error') throw Object.assign(new Error(event.message), event);
  return answer;
}
const callers = [
  {
    name: 'openai, chat',
    library: OpenAI,
    with: openaiWith,
    ask: (client, { model, text = 'hi', stream = false, ...more }) => drain(client.chat.completions.create({ model, messages: user(text), stream, ...more }), stream),
    codeOf: (error) => error.code,
  },
  {
    name: 'openai, responses',
    library: OpenAI,
    with: openaiWith,
    ask: (client, { model, text = 'hi', stream = false, ...more }) => drain(client.responses.create({ model, input: text, store: false, stream, ...more }), stream),
    codeOf: (error) => error.code,
  },
  {
    name: 'anthropic, messages',
    library: Anthropic,
    with: anthropicWith,
    ask: (client, { model, text = 'hi', stream = false, ...more }) =>
      drain(client.messages.create({ model, max_tokens: 50, messages: user(text), stream, ...more }), stream),
    codeOf: (error) => error.errorCode,
  },
];

for (const { name, library, ask, codeOf, with: clientWith } of callers) {
  const client = clientWith(atelier.key);

  describe(`errors of ${name}`, () => {
    test('a key that nobody has is 401', async () => {
      for (const key of ['wrong', `${atelier.key}x`])
        await assert.rejects(ask(clientWith(key), { model: 'openai/double' }), (error) => {
          assert.ok(error instanceof library.AuthenticationError, String(error));
          assert.equal(error.status, 401);
          assert.match(error.requestID, /./);
          assert.ok(!error.message.includes(key));
          return true;
        });
    });

    test('a model that nobody has is 404', async () => {
      for (const model of ['nothing-like-it', ...families.map((family) => modelOf(family, '', 'missing-model'))])
        for (const stream of [false, true])
          await assert.rejects(ask(client, { model, stream }), (error) => {
            assert.ok(error instanceof library.NotFoundError, `${model}: ${error}`);
            assert.equal(codeOf(error), 'model_not_found');
            return true;
          });
    });

    test('a field that is wrong is 400 and named', async () => {
      for (const family of families)
        for (const stream of [false, true])
          await assert.rejects(ask(client, { model: modelOf(family), stream, temperature: 'warm' }), (error) => {
            assert.ok(error instanceof library.BadRequestError, `${family.name}: ${error}`);
            assert.match(error.message, /temperature/);
            return true;
          });
    });

    test('a prompt that is too long is 400, and told apart', async () => {
      for (const family of families)
        for (const fault of ['context', 'context-500'])
          await assert.rejects(ask(client, { model: modelOf(family, fault) }), (error) => {
            assert.ok(error instanceof library.BadRequestError, `${family.name}: ${error}`);
            assert.equal(codeOf(error), 'context_length_exceeded');
            return true;
          });
    });

    test("a provider's rate limit is 429 with the time to wait", async () => {
      for (const family of families)
        for (const stream of [false, true])
          await assert.rejects(ask(client, { model: modelOf(family, '429,retry-after=900'), stream }), (error) => {
            assert.ok(error instanceof library.RateLimitError, `${family.name}: ${error}`);
            const seconds = Number(error.headers.get('retry-after'));
            assert.ok(seconds > 300 && seconds <= 901, `${family.name}: ${seconds}`);
            return true;
          });
    });

    test("a key of ours that a provider refuses is not the caller's", async () => {
      for (const family of families)
        await assert.rejects(ask(client, { model: modelOf(family, '401', 'locked') }), (error) => {
          assert.ok(error instanceof library.InternalServerError, `${family.name}: ${error}`);
          assert.equal(error.status, 503);
          return true;
        });
    });

    test('a stream that breaks off ends with an error, never as if it were whole', async () => {
      for (const family of families)
        // With pauses, so that the beginning has been sent when it breaks: before that the gateway tries again unseen.
        for (const fault of ['cut-mid,token-gap=20', 'error-mid,token-gap=20'])
          await assert.rejects(ask(client, { model: modelOf(family, fault), text: 'one two three four five six', stream: true }), (error) => {
            assert.ok(error.message.length > 10, `${family.name}: ${error}`);
            return true;
          });
    });

    test('the client tries again where that may help, and only there', async () => {
      const tries = async (model, more) => {
        let count = 0;
        const counting = client.withOptions({ maxRetries: 3, fetch: (...given) => ((count += 1), fetch(...given)) });
        await assert.rejects(ask(counting, { model, ...more }), library.APIError);
        return count;
      };
      // Then the gateway knows that it will not help for a while, and says so.
      assert.equal(await tries(modelOf(families[0], '401', `locked ${name}`)), 2, 'unavailable');
      assert.equal(await tries(modelOf(families[0], '429,retry-after=900')), 1, 'rate limited for long');
      assert.equal(await tries('nothing-like-it'), 1, 'not there');
      assert.equal(await tries('openai/double', { temperature: 'warm' }), 1, 'wrong');
    });
  });
}

test('what the caller did wrong is not tried again', async () => {
  const mark = marker();
  await assert.rejects(openai.withOptions({ maxRetries: 5 }).chat.completions.create({ model: 'openai/double', messages: user(mark), temperature: 9 }), OpenAI.BadRequestError);
  assert.equal((await double.requests(mark)).length, 1);
});

test("a provider's short rate limit is waited for by the gateway, unseen", async () => {
  for (const family of families) {
    const mark = marker();
    const base = `busy-${family.provider}`;
    await double.addRules({ fault: '429,retry-after=1', model: base, times: 1 });
    const answer = await openai.chat.completions.create({ model: modelOf(family, '', base), messages: user(`hello ${mark}`) });
    assert.equal(answer.choices[0].message.content, `Echo: hello ${mark}`);
    const [first, second] = await double.requests(mark);
    assert.ok(second.received_ns - first.received_ns >= 1e9, family.name);
  }
});

describe('errors of the AI SDK', () => {
  const models = {
    responses: createOpenAI({ baseURL: atelier.openaiUrl, apiKey: atelier.key }),
    anthropic: createAnthropic({ baseURL: `${atelier.url}/v1`, apiKey: atelier.key }),
  };
  for (const [name, make] of Object.entries(models)) {
    test(`${name}: says whether another try helps`, async () => {
      const failing = async (model) => {
        const error = await generateText({ model: make(model), prompt: 'hi', maxRetries: 0 }).then(() => assert.fail(`${model} answered`), (thrown) => thrown);
        assert.ok(APICallError.isInstance(error), String(error));
        return error;
      };
      const missing = await failing('nothing-like-it');
      assert.equal(missing.statusCode, 404);
      assert.equal(missing.isRetryable, false);
      const busy = await failing(`openai/double@429,retry-after=${800 + name.length}`);
      assert.equal(busy.statusCode, 429);
      assert.equal(busy.isRetryable, true);
      assert.match(busy.message, /rate limit/);
    });

    test(`${name}: a stream that breaks off has an error part`, async () => {
      const parts = [];
      for await (const part of streamText({ model: make('openai/double@cut-mid,token-gap=20'), prompt: 'one two three four', maxRetries: 0, onError: () => {} }).fullStream) parts.push(part);
      assert.ok(parts.some(({ type }) => type === 'error'));
      assert.notEqual(parts.findLast(({ type }) => type === 'finish')?.finishReason, 'stop');
    });
  }
});

describe('limits of a key', () => {
  const exhaust = async (ask, perMinute) => {
    for (let i = 0; i < perMinute; i += 10) await Promise.all(Array.from({ length: 10 }, ask));
  };
  for (const { name, library, ask, with: clientWith } of callers)
    test(`${name}: are told in 429, waited for by the client, and kept`, async () => {
      const key = await atelier.createKey({ name: `limited ${name}`, requests_per_minute: 60 });
      const client = clientWith(key);
      await exhaust(() => ask(client, { model: 'openai/double' }), 60);
      await assert.rejects(ask(client, { model: 'openai/double' }), (error) => {
        assert.ok(error instanceof library.RateLimitError, String(error));
        assert.ok(Number(error.headers.get('retry-after')) <= 1);
        return true;
      });
      // A request comes back every second; the client asks again when it was told to.
      const before = Date.now();
      await ask(client.withOptions({ maxRetries: 3 }), { model: 'openai/double' });
      assert.ok(Date.now() - before < 5_000);
    });

  test('models that a key may not call are refused', async () => {
    const client = openaiWith(await atelier.createKey({ name: 'narrow', models: ['openai/*'] }));
    assert.equal((await client.chat.completions.create({ model: 'openai/double', messages: user('hi') })).choices.length, 1);
    await assert.rejects(client.chat.completions.create({ model: 'anthropic/double', messages: user('hi') }), (error) => {
      assert.ok(error instanceof OpenAI.PermissionDeniedError, String(error));
      assert.equal(error.code, 'model_not_allowed');
      return true;
    });
  });
});

describe('credentials', () => {
  test('OpenAI and Anthropic say theirs each in its way', async () => {
    assert.equal((await openai.chat.completions.create({ model: 'openai/double', messages: user('hi') })).choices.length, 1);
    assert.equal((await anthropic.messages.create({ model: 'openai/double', max_tokens: 50, messages: user('hi') })).type, 'message');
    const token = new Anthropic({ baseURL: atelier.url, apiKey: null, authToken: atelier.key, maxRetries: 0 });
    assert.equal((await token.messages.create({ model: 'openai/double', max_tokens: 50, messages: user('hi') })).type, 'message');
  });

  test("the caller's key goes to no provider", async () => {
    const mark = marker();
    await openai.chat.completions.create({ model: 'openai/double', messages: user(mark) });
    await anthropic.messages.create({ model: 'anthropic/double', max_tokens: 50, messages: user(mark) });
    const requests = await double.requests(mark);
    assert.equal(requests.length, 2);
    assert.ok(!JSON.stringify(requests).includes(atelier.key));
  });
});
