// Embeddings, moderations and counted tokens.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import Anthropic from '@anthropic-ai/sdk';
import { cosineSimilarity, embed, embedMany } from 'ai';
import OpenAI from 'openai';

import { families, modelOf } from './support/families.mjs';
import { startPrograms } from './support/setup.mjs';

const { atelier } = await startPrograms();
const openai = new OpenAI({ baseURL: atelier.openaiUrl, apiKey: 'unused', maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: atelier.url, apiKey: 'unused', maxRetries: 0 });

const lengthOf = (vector) => Math.hypot(...vector);
const isNear = (a, b) => assert.ok(Math.abs(a - b) < 1e-3, `${a} is not ${b}`);

for (const family of families.filter(({ provider }) => provider !== 'anthropic')) {
  const model = modelOf(family, '', 'double-embedding');

  describe(`embeddings with ${family.name}`, () => {
    test('of one text, as the client asks by itself and as numbers', async () => {
      const packed = await openai.embeddings.create({ model, input: 'hello there' });
      assert.equal(packed.object, 'list');
      assert.equal(packed.data.length, 1);
      isNear(lengthOf(packed.data[0].embedding), 1);
      assert.ok(packed.usage.prompt_tokens > 0);
      const plain = await openai.embeddings.create({ model, input: 'hello there', encoding_format: 'float' });
      plain.data[0].embedding.forEach((value, i) => isNear(value, packed.data[0].embedding[i]));
    });

    test('of several texts, in their order and of the size that is asked for', async () => {
      const input = ['one', 'two', 'three'];
      const { data } = await openai.embeddings.create({ model, input, dimensions: 64 });
      assert.deepEqual(
        data.map(({ index }) => index),
        [0, 1, 2],
      );
      for (const [i, text] of input.entries()) {
        assert.equal(data[i].embedding.length, 64);
        const alone = await openai.embeddings.create({ model, input: text, dimensions: 64 });
        isNear(cosineSimilarity([...alone.data[0].embedding], [...data[i].embedding]), 1);
      }
    });

    test('by the AI SDK', async () => {
      const providers = [createOpenAI({ baseURL: atelier.openaiUrl, apiKey: 'unused' }), createOpenAICompatible({ name: 'atelier', baseURL: atelier.openaiUrl, apiKey: 'unused' })];
      for (const provider of providers) {
        const { embedding, usage } = await embed({ model: provider.embeddingModel(model), value: 'sunny day', maxRetries: 0 });
        isNear(lengthOf(embedding), 1);
        assert.ok(usage.tokens > 0);
        const { embeddings } = await embedMany({ model: provider.embeddingModel(model), values: ['sunny day', 'rainy night'], maxRetries: 0 });
        isNear(cosineSimilarity(embeddings[0], embedding), 1);
        assert.ok(cosineSimilarity(embeddings[1], embedding) < 0.9);
      }
    });

    test('of nothing are refused', async () => {
      await assert.rejects(openai.embeddings.create({ model, input: [] }), OpenAI.BadRequestError);
      await assert.rejects(openai.embeddings.create({ model, input: 7 }), OpenAI.BadRequestError);
    });
  });
}

test('a provider that has no embeddings says so', async () => {
  await assert.rejects(openai.embeddings.create({ model: 'anthropic/double', input: 'hi' }), (error) => error instanceof OpenAI.APIError && error.status < 500);
});

test('moderations with OpenAI', async () => {
  const { results } = await openai.moderations.create({ model: 'openai/omni-moderation-latest', input: ['a kind word', 'violence and more'] });
  assert.deepEqual(
    results.map(({ flagged }) => flagged),
    [false, true],
  );
  assert.equal(results[1].categories.violence, true);
});

for (const family of families)
  test(`tokens are counted with ${family.name}`, async () => {
    const model = modelOf(family);
    const count = async (content) => (await anthropic.messages.countTokens({ model, system: 'be brief', messages: [{ role: 'user', content }] })).input_tokens;
    const short = await count('one two');
    assert.ok(short > 0);
    assert.ok((await count('one two three four five six seven eight')) > short);
  });
