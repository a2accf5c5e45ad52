// Images by the official client: made and edited, whole and streamed.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import OpenAI, { toFile } from 'openai';

import { marker } from './support/families.mjs';
import { pngBase64 } from './support/material.mjs';
import { collect, fileSeen, formOf, sizeOfPng, targetsOf } from './support/media.mjs';
import { startPrograms } from './support/setup.mjs';

const { double, atelier } = await startPrograms();
const png = Buffer.from(pngBase64, 'base64');
const pngFile = (name = 'cat.png') => toFile(png, name, { type: 'image/png' });
const size = '64x32';

for (const { name, client, modelOf } of targetsOf({ double, atelier })) {
  const model = modelOf('gpt-image-2');

  describe(`images of ${name}`, () => {
    test('are made, several at once', async () => {
      const mark = marker();
      const images = await client.images.generate({ model, prompt: `a fox ${mark}`, n: 2, size, quality: 'low' });
      assert.equal(images.data.length, 2);
      for (const { b64_json: image } of images.data) assert.deepEqual(sizeOfPng(image), { width: 64, height: 32 });
      assert.notEqual(images.data[0].b64_json, images.data[1].b64_json);
      assert.equal(images.size, size);
      assert.equal(images.quality, 'low');
      assert.equal(images.output_format, 'png');
      assert.equal(images.usage.total_tokens, images.usage.input_tokens + images.usage.output_tokens);
      assert.ok(images.usage.input_tokens_details.text_tokens > 0);
      const requests = await double.requests(mark);
      assert.equal(requests.length, 1, 'paid once');
      assert.equal(JSON.parse(requests[0].body).quality, 'low');
    });

    test('are streamed, with partial images before the whole', async () => {
      const request = { model, prompt: 'a streamed fox', size, partial_images: 2 };
      const events = await collect(await client.images.generate({ ...request, stream: true }));
      assert.deepEqual(
        events.map(({ type, partial_image_index: index }) => [type, index]),
        [
          ['image_generation.partial_image', 0],
          ['image_generation.partial_image', 1],
          ['image_generation.completed', undefined],
        ],
      );
      for (const { b64_json: image } of events) assert.deepEqual(sizeOfPng(image), { width: 64, height: 32 });
      const { data } = await client.images.generate({ model, prompt: request.prompt, size });
      assert.equal(events.at(-1).b64_json, data[0].b64_json);
      assert.ok(events.at(-1).usage.total_tokens > 0);
    });

    test('are shown while the rest is still being made', async () => {
      const mark = marker();
      const controller = new AbortController();
      const request = { model: modelOf('gpt-image-2', 'stall-mid'), prompt: mark, size, stream: true, partial_images: 3 };
      const stream = await client.images.generate(request, { signal: controller.signal });
      const seen = [];
      for await (const event of stream) {
        seen.push(event.type);
        const [asked] = await double.requests(mark);
        assert.equal(asked.ended_ns, null);
        controller.abort();
      }
      assert.deepEqual(seen, ['image_generation.partial_image']);
      await double.waitForRequest(mark, ({ client_closed_ns: closed }) => closed !== null);
    });

    test('are large', async () => {
      const { data } = await client.images.generate({ model, prompt: 'a large fox', size: '1536x1024', output_format: 'jpeg' });
      const bytes = Buffer.from(data[0].b64_json, 'base64');
      assert.equal(bytes.toString('hex', 0, 3), 'ffd8ff');
      assert.ok(bytes.length > 20_000);
    });

    test('are edited, one of them', async () => {
      const mark = marker();
      const { data, usage } = await client.images.edit({ model, image: await pngFile(), prompt: `a hat ${mark}`, size, n: 1 });
      assert.deepEqual(sizeOfPng(data[0].b64_json), { width: 64, height: 32 });
      assert.ok(usage.input_tokens_details.image_tokens > 0);
      const requests = await double.requests(mark);
      assert.equal(requests.length, 1, 'paid once');
      assert.deepEqual(formOf(requests[0]).files, [fileSeen('image', 'cat.png', 'image/png', png)]);
    });

    test('are edited, several of them, with a mask', async () => {
      const mark = marker();
      const image = await Promise.all([pngFile('one.png'), pngFile('two.png')]);
      const { data } = await client.images.edit({ model, image, mask: await pngFile('mask.png'), prompt: mark, size, input_fidelity: 'high' });
      assert.equal(data.length, 1);
      const { fields, files } = formOf(await double.waitForRequest(mark));
      assert.equal(fields.input_fidelity, 'high');
      const seen = files.toSorted((a, b) => (a.filename < b.filename ? -1 : 1));
      assert.deepEqual(seen, [
        fileSeen('mask', 'mask.png', 'image/png', png),
        fileSeen('image[]', 'one.png', 'image/png', png),
        fileSeen('image[]', 'two.png', 'image/png', png),
      ]);
    });

    test('are edited, streamed', async () => {
      const events = await collect(await client.images.edit({ model, image: await pngFile(), prompt: 'a hat', size, stream: true, partial_images: 1 }));
      assert.deepEqual(
        events.map(({ type }) => type),
        ['image_edit.partial_image', 'image_edit.completed'],
      );
    });

    test('are refused with the field that is wrong', async () => {
      const refused = async (asked, param) =>
        assert.rejects(asked, (error) => {
          assert.ok(error instanceof OpenAI.BadRequestError, String(error));
          assert.equal(error.param, param);
          return true;
        });
      await refused(client.images.generate({ model, prompt: 'a fox', size: '65x64' }), 'size');
      await refused(client.images.generate({ model, prompt: 'a fox', n: 11 }), 'n');
      await refused(client.images.edit({ model, image: await toFile(png, 'cat.png', { type: 'application/octet-stream' }), prompt: 'a hat' }), 'image');
    });

    test('that a filter refuses say so', async () => {
      await assert.rejects(client.images.generate({ model, prompt: '[filter]' }), (error) => {
        assert.ok(error instanceof OpenAI.BadRequestError, String(error));
        assert.match(error.message, /safety system/);
        return true;
      });
    });

    test('of a stream that breaks off end with an error, never as if it were whole', async () => {
      for (const fault of ['cut-mid,token-gap=20', 'error-mid,token-gap=20'])
        await assert.rejects(async () => {
          const request = { model: modelOf('gpt-image-2', fault), prompt: `a fox ${fault}`, size, stream: true, partial_images: 3 };
          for await (const event of await client.images.generate(request)) assert.equal(event.type, 'image_generation.partial_image');
        }, Error);
    });

    test('of a model that nobody has are 404', async () => {
      for (const missing of ['nothing-like-it', modelOf('missing-image')].slice(name === 'Atelier' ? 0 : 1))
        await assert.rejects(client.images.generate({ model: missing, prompt: 'a fox' }), (error) => {
          assert.ok(error instanceof OpenAI.NotFoundError, `${missing}: ${error}`);
          assert.equal(error.code, 'model_not_found');
          return true;
        });
    });
  });
}

test("a provider's short rate limit is waited for by the gateway, unseen", async () => {
  const [{ client, modelOf }] = targetsOf({ double, atelier });
  const mark = marker();
  await double.addRules({ fault: '429,retry-after=1', model: 'gpt-image-busy', times: 1 });
  const { data } = await client.images.generate({ model: modelOf('gpt-image-busy'), prompt: mark, size });
  assert.equal(data.length, 1);
  assert.deepEqual(
    (await double.requests(mark)).map(({ status }) => status),
    [429, 200],
  );
});
