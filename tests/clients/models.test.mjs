// Lists of models, and one of them, as both protocols have them.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

import { startPrograms } from './support/setup.mjs';

const { atelier } = await startPrograms();
const openai = new OpenAI({ baseURL: atelier.openaiUrl, apiKey: 'unused', maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: atelier.url, apiKey: 'unused', maxRetries: 0 });

async function listed(client) {
  const ids = [];
  for await (const { id } of client.models.list()) ids.push(id);
  return ids;
}

before(async () => {
  // Lists are asked for in the background; Ollama's names come with tags.
  for (let i = 0; i < 500 && !(await listed(openai)).includes('double:latest'); ++i) await pause(20);
});

test('the openai client lists them', async () => {
  const { data, object } = await openai.models.list();
  assert.equal(object, 'list');
  const ids = data.map(({ id }) => id);
  for (const id of ['double', 'double-mini', 'double:latest']) assert.ok(ids.includes(id), id);
  assert.equal(new Set(ids).size, ids.length, 'each once');
  for (const model of data) {
    assert.equal(model.object, 'model');
    assert.equal(typeof model.created, 'number');
    assert.match(model.owned_by, /./);
  }
});

test('the Anthropic client lists them', async () => {
  const page = await anthropic.models.list();
  assert.equal(page.has_more, false);
  assert.equal(page.first_id, page.data[0].id);
  assert.equal(page.last_id, page.data.at(-1).id);
  assert.deepEqual(await listed(anthropic), await listed(openai));
  for (const model of page.data) {
    assert.equal(model.type, 'model');
    assert.match(model.display_name, /./);
    assert.ok(!Number.isNaN(Date.parse(model.created_at)));
  }
  const double = page.data.find(({ id }) => id === 'double');
  assert.ok(double.max_input_tokens > 0);
});

for (const [name, client, library] of [
  ['openai', openai, OpenAI],
  ['Anthropic', anthropic, Anthropic],
]) {
  test(`the ${name} client asks for one`, async () => {
    assert.equal((await client.models.retrieve('double-mini')).id, 'double-mini');
    // A slash belongs to the name, escaped or not.
    assert.match((await client.models.retrieve('openai/double')).id, /double$/);
    assert.match((await client.models.retrieve('ollama/double:latest')).id, /double:latest$/);
  });

  test(`the ${name} client is told what is not there`, async () => {
    await assert.rejects(client.models.retrieve('nothing-like-it'), (error) => {
      assert.ok(error instanceof library.NotFoundError, String(error));
      assert.match(error.message, /nothing-like-it/);
      return true;
    });
  });
}

test('a model is called by its bare name too', async () => {
  const answer = await openai.chat.completions.create({ model: 'double', messages: [{ role: 'user', content: 'hello' }] });
  assert.equal(answer.choices[0].message.content, 'Echo: hello');
});
