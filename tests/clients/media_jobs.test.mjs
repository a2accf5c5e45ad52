// The double's jobs by the official clients of Replicate and fal: what proves the double.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, describe, test } from 'node:test';

import { createFalClient } from '@fal-ai/client';
import Replicate, { validateWebhook } from 'replicate';

import { ProviderDouble, providerKey } from './support/programs.mjs';

const double = await ProviderDouble.start();
after(() => double.stop());

const isPng = (bytes) => Buffer.from(bytes).subarray(1, 4).toString() === 'PNG';
const jobOf = async (id) => (await double.control('GET', '/jobs')).jobs.find((job) => job.id === id);

/** Takes webhooks; `next()` is the next one, with its raw body. */
async function listen() {
  const came = [];
  const waiting = [];
  const server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const letter = { headers: request.headers, url: request.url, body: Buffer.concat(chunks).toString() };
    const waits = waiting.shift();
    if (waits) waits(letter);
    else came.push(letter);
    response.writeHead(204).end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/hook`,
    next: () => (came.length > 0 ? Promise.resolve(came.shift()) : new Promise((resolve) => waiting.push(resolve))),
    close: () => server.close(),
  };
}

describe('replicate', () => {
  const replicate = new Replicate({ auth: providerKey, baseUrl: `${double.url}/replicate/v1` });
  const model = 'black-forest-labs/flux-schnell';

  test('runs a model and reads its files', async () => {
    const states = [];
    const output = await replicate.run(
      model,
      { input: { prompt: 'a red fox [takes 300]', num_outputs: 2 }, wait: { mode: 'poll', interval: 50 } },
      ({ status }) => states.push(status),
    );
    assert.equal(output.length, 2);
    // Of links that are no https it makes no files of its own.
    for (const url of output) assert.ok(isPng(await (await fetch(url)).arrayBuffer()));
    assert.equal(states[0], 'starting');
    assert.equal(states.at(-1), 'succeeded');
  });

  test('makes a prediction and follows it', async () => {
    const prediction = await replicate.predictions.create({ model, input: { prompt: 'a red fox [takes 100]' } });
    assert.equal(prediction.status, 'starting');
    const done = await replicate.wait(prediction, { interval: 30 });
    assert.equal(done.status, 'succeeded');
    assert.ok((await jobOf(prediction.id)).polls >= 1);
  });

  test('is told why a prediction failed', async () => {
    await assert.rejects(replicate.run(model, { input: { prompt: '[takes 20] [fail out of memory]' } }), /out of memory/);
  });

  test('cancels', async () => {
    const prediction = await replicate.predictions.create({ model, input: { prompt: '[stuck]' } });
    const cancelled = await replicate.predictions.cancel(prediction.id);
    assert.equal(cancelled.status, 'canceled');
    assert.equal((await jobOf(prediction.id)).is_cancelled, true);
  });

  test('reads refusals', async () => {
    await assert.rejects(replicate.predictions.create({ model, input: {} }), ({ response }) => response.status === 422);
    const other = new Replicate({ auth: 'wrong', baseUrl: `${double.url}/replicate/v1` });
    await assert.rejects(other.predictions.create({ model, input: { prompt: 'x' } }), ({ response }) => response.status === 401);
  });

  test('uploads a file and knows it', async () => {
    const file = await replicate.files.create(new Blob(['bytes'], { type: 'text/plain' }));
    assert.equal(file.size, 5);
    assert.match(file.urls.get, /\/v1\/files\//);
  });

  test('believes the webhooks that are its own', async () => {
    const hook = await listen();
    try {
      const { key } = await replicate.webhooks.default.secret.get();
      const validate = ({ headers, body }) =>
        validateWebhook({
          id: headers['webhook-id'],
          timestamp: headers['webhook-timestamp'],
          signature: headers['webhook-signature'],
          body,
          secret: key,
        });
      const create = (words) => replicate.predictions.create({ model, input: { prompt: words }, webhook: hook.url });
      const prediction = await create('a red fox [takes 50]');
      const letter = await hook.next();
      assert.equal(await validate(letter), true);
      assert.equal(JSON.parse(letter.body).id, prediction.id);
      assert.equal(JSON.parse(letter.body).status, 'succeeded');
      await create('[takes 20] [webhook forged]');
      assert.equal(await validate(await hook.next()), false);
    } finally {
      hook.close();
    }
  });
});

describe('@fal-ai/client', () => {
  const app = 'fal-ai/flux/dev';
  // Its addresses are written into it.
  const toDouble = (url, init) => fetch(String(url).replace(/^https:\/\/queue\.fal\.run/, `${double.url}/fal`), init);
  const fal = createFalClient({ credentials: providerKey, fetch: toDouble });

  test('subscribes to an app and gets its files', async () => {
    const states = new Set();
    const { data, requestId } = await fal.subscribe(app, {
      input: { prompt: 'a red fox [takes 300]', num_images: 2 },
      pollInterval: 50,
      onQueueUpdate: ({ status }) => states.add(status),
    });
    assert.equal(data.images.length, 2);
    assert.ok(isPng(await (await fetch(data.images[0].url)).arrayBuffer()));
    assert.ok(states.has('IN_PROGRESS'));
    assert.equal((await jobOf(requestId)).persona, 'fal');
  });

  test('asks for the state and the result by themselves', async () => {
    const { request_id: requestId } = await fal.queue.submit(app, { input: { prompt: 'a red fox [takes 100]' } });
    assert.equal((await fal.queue.status(app, { requestId })).status, 'IN_QUEUE');
    let state;
    do state = await fal.queue.status(app, { requestId });
    while (state.status !== 'COMPLETED');
    const { data } = await fal.queue.result(app, { requestId });
    assert.equal(data.seed, 42);
  });

  test('reads refusals of what was asked, and of what it shows', async () => {
    await assert.rejects(fal.queue.submit(app, { input: {} }), ({ status }) => status === 422);
    const refused = fal.subscribe(app, { input: { prompt: '[takes 20] [filter]' }, pollInterval: 20 });
    await assert.rejects(refused, ({ status, body }) => status === 422 && body.detail[0].type === 'content_policy_violation');
  });

  test('cancels', async () => {
    const { request_id: requestId } = await fal.queue.submit(app, { input: { prompt: '[stuck]' } });
    await fal.queue.cancel(app, { requestId });
    assert.equal((await jobOf(requestId)).is_cancelled, true);
  });

  test('has a webhook told', async () => {
    const hook = await listen();
    try {
      const { request_id: requestId } = await fal.queue.submit(app, { input: { prompt: '[takes 30]' }, webhookUrl: hook.url });
      const letter = await hook.next();
      const told = JSON.parse(letter.body);
      assert.equal(told.request_id, requestId);
      assert.equal(told.status, 'OK');
      assert.equal(letter.headers['x-fal-webhook-request-id'], requestId);
    } finally {
      hook.close();
    }
  });
});
