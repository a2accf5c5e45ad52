// What the AI SDK has for pages, `useChat` without the framework: its transport and its chat, against the threads of Atelier.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { AbstractChat, DefaultChatTransport, generateId, readUIMessageStream } from 'ai';

import { families, marker, modelOf } from './support/families.mjs';
import { startPrograms } from './support/setup.mjs';

const { double, atelier } = await startPrograms({ needsKey: true });
const headers = { authorization: `Bearer ${atelier.key}` };
const api = `${atelier.url}/api/chat`;

// The state that a framework would draw.
class State {
  status = 'ready';
  error = undefined;
  constructor(messages) {
    this.messages = messages;
  }
  pushMessage = (message) => (this.messages = [...this.messages, message]);
  popMessage = () => (this.messages = this.messages.slice(0, -1));
  replaceMessage = (at, message) => (this.messages = this.messages.with(at, message));
  snapshot = structuredClone;
}
class Chat extends AbstractChat {
  constructor({ messages = [], ...init }) {
    super({ ...init, state: new State(messages) });
  }
}

const transportOf = (model, where = api) => new DefaultChatTransport({ api: where, headers, body: { model } });
const makeChat = (model, more = {}) => new Chat({ id: generateId(), transport: transportOf(model), ...more });

const textOf = (message, type = 'text') =>
  message.parts
    .filter((part) => part.type === type)
    .map(({ text }) => text)
    .join('');
const said = (chat) => chat.messages.map((message) => textOf(message));
const tokens = (count) => Array.from({ length: count }, (_, at) => `t${at + 1}`).join(' ');

async function until(isSo, patienceMs = 10_000) {
  for (const deadline = Date.now() + patienceMs; !isSo(); await pause(5)) assert.ok(Date.now() < deadline, `waited for ${isSo}`);
}

/** Sends, and resolves once so much of the answer is there; `ended` is the sending's own end. */
async function sendUntil(chat, text, beginning) {
  const ended = chat.sendMessage({ text });
  await until(() => chat.lastMessage?.role === 'assistant' && textOf(chat.lastMessage).startsWith(beginning));
  return { ended };
}

const stopOnServer = (chat) => fetch(`${api}/${chat.id}/stop`, { method: 'POST', headers });

for (const family of families)
  describe(`a chat with ${family.name}`, () => {
    test('goes on over several turns', async () => {
      const mark = marker();
      const chat = makeChat(modelOf(family));
      await chat.sendMessage({ text: 'one' });
      await chat.sendMessage({ text: `two ${mark}` });
      assert.equal(chat.status, 'ready', chat.error);
      assert.deepEqual(said(chat), ['one', 'Echo: one', `two ${mark}`, `Echo: two ${mark}`]);
      assert.deepEqual(
        chat.messages.map(({ role }) => role),
        ['user', 'assistant', 'user', 'assistant'],
      );
      assert.deepEqual(
        chat.lastMessage.parts.map(({ type, state }) => [type, state]),
        [
          ['step-start', undefined],
          ['text', 'done'],
        ],
      );
      const [request] = await double.requests(mark);
      assert.match(request.body, /Echo: one/, 'the model gets what was said before');
    });

    test('comes back in mid-answer, and has all of it once', async () => {
      const chat = makeChat(modelOf(family, 'token-gap=20'));
      const { ended } = await sendUntil(chat, '[say 60]', 't1 t2 t3');
      await chat.stop(); // which leaves; the answer goes on
      await ended;
      const left = said(chat)[1];
      assert.ok(left.length < tokens(60).length, left);
      // The same page, and another one that knows the messages it stored.
      const other = makeChat(modelOf(family), { id: chat.id, messages: structuredClone(chat.messages) });
      await Promise.all([chat.resumeStream(), other.resumeStream()]);
      assert.deepEqual(said(chat), ['[say 60]', tokens(60)]);
      assert.deepEqual(said(other), said(chat));
      assert.equal(chat.lastMessage.id, other.lastMessage.id);
      // Nothing is left to come back to.
      await chat.resumeStream();
      assert.equal(chat.status, 'ready');
      assert.deepEqual(said(chat), ['[say 60]', tokens(60)]);
      await chat.sendMessage({ text: 'more' });
      assert.deepEqual(said(chat), ['[say 60]', tokens(60), 'more', 'Echo: more']);
    });

    test('is stopped, and keeps what was said', async () => {
      const mark = marker();
      const chat = makeChat(modelOf(family, 'token-gap=40'));
      const { ended } = await sendUntil(chat, `[say 200] ${mark}`, 't1 t2');
      assert.equal((await stopOnServer(chat)).status, 204);
      await ended;
      assert.equal(chat.status, 'ready', chat.error);
      const kept = said(chat)[1];
      assert.ok(tokens(200).startsWith(kept) && kept.length < 200, kept);
      await double.waitForRequest(mark, ({ client_closed_ns: closed }) => closed !== null, 2_000);
      await chat.resumeStream();
      assert.equal(said(chat)[1], kept, 'nothing follows');
    });

    test('answers once more, and from an edit', async () => {
      const chat = makeChat(modelOf(family));
      await chat.sendMessage({ text: 'one' });
      const first = chat.lastMessage.id;
      await chat.regenerate();
      assert.deepEqual(said(chat), ['one', 'Echo: one']);
      assert.notEqual(chat.lastMessage.id, first);
      await chat.sendMessage({ text: 'two' });
      await chat.sendMessage({ text: 'two, edited', messageId: chat.messages[2].id });
      assert.deepEqual(said(chat), ['one', 'Echo: one', 'two, edited', 'Echo: two, edited']);
      await chat.regenerate({ messageId: chat.messages[1].id });
      assert.deepEqual(said(chat), ['one', 'Echo: one']);
      assert.equal(chat.status, 'ready', chat.error);
    });

    test('shows what went wrong, and goes on', async () => {
      const chat = makeChat(modelOf(family, '401'));
      await chat.sendMessage({ text: 'hello' });
      assert.equal(chat.status, 'error');
      assert.ok(chat.error.message, 'says why');
      chat.clearError();
      await chat.regenerate({ body: { model: modelOf(family) } });
      assert.equal(chat.status, 'ready', chat.error);
      assert.equal(textOf(chat.lastMessage), 'Echo: hello');
    });
  });

for (const model of ['deepseek/double@token-gap=20', 'ollama/double@token-gap=20'])
  test(`thoughts are shown before the answer, with ${model}`, async () => {
    const messages = [{ id: generateId(), role: 'user', parts: [{ type: 'text', text: '[think 4] hello' }] }];
    const stream = await transportOf(model).sendMessages({ chatId: generateId(), messages, trigger: 'submit-message', abortSignal: undefined });
    const seen = [];
    for await (const message of readUIMessageStream({ stream })) seen.push(structuredClone(message));
    const last = seen.at(-1);
    assert.deepEqual(
      last.parts.map(({ type, state }) => [type, state]),
      [
        ['step-start', undefined],
        ['reasoning', 'done'],
        ['text', 'done'],
      ],
    );
    assert.equal(textOf(last, 'reasoning'), 't1 t2 t3 t4');
    assert.equal(textOf(last), 'Echo: [think 4] hello');
    assert.ok(seen.some(({ parts }) => parts.at(-1)?.type === 'reasoning' && parts.at(-1).state === 'streaming'), 'while they are thought');
  });

test('a page that leaves, and says more, has let go of the answer', async () => {
  const chat = makeChat('openai/double@stall-mid,at=3');
  const { ended } = await sendUntil(chat, '[say 9]', 't1 t2 t3');
  await chat.stop();
  await ended;
  await chat.sendMessage({ text: 'next' }, { body: { model: 'openai/double' } });
  assert.deepEqual(said(chat), ['[say 9]', 't1 t2 t3', 'next', 'Echo: next']);
});

test('what is refused is told before anything is said', async () => {
  const chat = makeChat('openai/missing-model@404');
  await chat.sendMessage({ files: [{ type: 'file', mediaType: 'image/png', url: 'data:image/png;base64,AA==' }] });
  assert.equal(chat.status, 'error');
  assert.equal(JSON.parse(chat.error.message).where, '/messages/0/parts/0/type');
  const nobody = makeChat('openai/double', { transport: new DefaultChatTransport({ api, headers: { authorization: 'Bearer no-key' } }) });
  await nobody.sendMessage({ text: 'hello' });
  assert.equal(JSON.parse(nobody.error.message).status, 401);
});

test('usage is told to those who ask', async () => {
  const chat = makeChat('', { transport: transportOf('openai/double', `${api}?usage=true`) });
  await chat.sendMessage({ text: 'hello' });
  assert.ok(chat.lastMessage.metadata.usage.output > 0);
  assert.equal(chat.lastMessage.metadata.served.candidate, 'openai/double');
});

test('a thread of the studio is a chat', async () => {
  const made = await fetch(`${atelier.url}/api/threads`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'openai/double', system: 'be brief' }),
  });
  const { id } = await made.json();
  const chat = new Chat({ id, transport: new DefaultChatTransport({ api, headers }) });
  await chat.sendMessage({ text: 'hello' });
  assert.deepEqual(said(chat), ['hello', 'Echo: hello']);
  const thread = await (await fetch(`${atelier.url}/api/threads/${id}`, { headers })).json();
  assert.deepEqual(
    thread.messages.map(({ role }) => role),
    ['user', 'assistant'],
  );
});
