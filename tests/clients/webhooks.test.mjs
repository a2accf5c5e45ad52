// Our webhooks, checked by the packages that receivers use; and theirs, taken by us.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, describe, test } from 'node:test';

import OpenAI from 'openai';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';

import { startPrograms } from './support/setup.mjs';

// Somebody who wants to be told, and keeps what comes.
const seen = [];
const waiting = [];
const receiver = createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    seen.push({ headers: request.headers, body: Buffer.concat(pieces).toString('utf8') });
    response.writeHead(204).end();
    for (const wake of waiting.splice(0)) wake();
  });
});
await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
after(() => receiver.close());
const host = `127.0.0.1:${receiver.address().port}`;

const { atelier } = await startPrograms({ settings: { 'network.reachable': host } });

async function call(method, where, body) {
  const answer = await fetch(`${atelier.url}${where}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const told = answer.status === 204 ? null : await answer.json();
  assert.ok(answer.ok, JSON.stringify(told));
  return told;
}
// The message that came for this delivery.
async function received({ message_id: id }) {
  for (;;) {
    const found = seen.find(({ headers }) => headers['webhook-id'] === id);
    if (found) return found;
    await new Promise((resolve) => waiting.push(resolve));
  }
}
const addEndpoint = () => call('POST', '/api/webhook-endpoints', { url: `http://${host}/hook`, types: ['asset.created'] });

describe('a webhook of ours', () => {
  test('is what the packages of Standard Webhooks and Svix take', async () => {
    const endpoint = await addEndpoint();
    const { headers, body } = await received(await call('POST', `/api/webhook-endpoints/${endpoint.id}/test`));
    const told = JSON.parse(body);
    assert.equal(told.type, 'webhook.test');
    assert.ok(!Number.isNaN(Date.parse(told.timestamp)));
    assert.equal(told.data.endpoint_id, endpoint.id);
    for (const Webhook of [StandardWebhook, SvixWebhook]) {
      new Webhook(endpoint.secret).verify(body, headers);
      assert.throws(() => new Webhook(endpoint.secret).verify(`${body} `, headers));
      assert.throws(() => new Webhook('whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=').verify(body, headers));
    }
  });

  test('is what OpenAI’s client takes', async () => {
    const endpoint = await addEndpoint();
    const { headers, body } = await received(await call('POST', `/api/webhook-endpoints/${endpoint.id}/test`));
    const client = new OpenAI({ apiKey: 'unused', webhookSecret: endpoint.secret });
    const told = await client.webhooks.unwrap(body, headers);
    assert.equal(told.type, 'webhook.test');
  });

  test('is signed with both secrets while they change', async () => {
    const endpoint = await addEndpoint();
    const rotated = await call('POST', `/api/webhook-endpoints/${endpoint.id}/rotate`, {});
    const { headers, body } = await received(await call('POST', `/api/webhook-endpoints/${endpoint.id}/test`));
    for (const secret of [endpoint.secret, rotated.secret])
      for (const Webhook of [StandardWebhook, SvixWebhook]) new Webhook(secret).verify(body, headers);
    await call('POST', `/api/webhook-endpoints/${endpoint.id}/rotate`, { old_kept_hours: 0 });
    const later = await received(await call('POST', `/api/webhook-endpoints/${endpoint.id}/test`));
    for (const secret of [endpoint.secret, rotated.secret])
      assert.throws(() => new StandardWebhook(secret).verify(later.body, later.headers));
  });
});

describe('a webhook of a provider', () => {
  const secret = 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
  const body = JSON.stringify({ id: 'evt_1', type: 'response.completed', data: { id: 'resp_1' } });
  const post = (headers, sent = body) =>
    fetch(`${atelier.url}/api/webhooks/signed`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: sent });

  test('is taken as those packages sign it', async () => {
    await call('POST', '/api/providers', { name: 'signed', preset: 'openai', key: 'sk-unused-0123456789', webhook_secrets: [secret] });
    const at = new Date();
    const time = String(Math.floor(at.getTime() / 1000));
    const standard = new StandardWebhook(secret).sign('msg_1', at, body);
    const svix = new SvixWebhook(secret).sign('msg_2', at, body);
    for (const [id, signature, prefix] of [
      ['msg_1', standard, 'webhook'],
      ['msg_2', svix, 'svix'],
    ]) {
      const headers = { [`${prefix}-id`]: id, [`${prefix}-timestamp`]: time, [`${prefix}-signature`]: signature };
      assert.equal((await post(headers)).status, 200);
      assert.equal((await post(headers)).status, 200, 'a second time, without effect');
      assert.equal((await post(headers, `${body}\n`)).status, 401);
    }
  });
});
