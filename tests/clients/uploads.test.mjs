// tus-js-client, unmodified: uploads in pieces, broken off and taken up again, over a restart too.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { test } from 'node:test';

import * as tus from 'tus-js-client';

import { startPrograms } from './support/setup.mjs';

const { atelier } = await startPrograms();
const endpoint = () => `${atelier.url}/api/uploads`;

// A sound nobody made: a header, and noise.
function wave(sizeBytes) {
  const data = randomBytes(sizeBytes - 44);
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(sizeBytes - 8, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(48_000, 24);
  header.writeUInt32LE(96_000, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(sizeBytes - 44, 40);
  return Buffer.concat([header, data]);
}

function upload(bytes, options = {}) {
  return new Promise((resolve, reject) => {
    const sending = new tus.Upload(bytes, {
      endpoint: endpoint(),
      retryDelays: [10, 50, 100],
      metadata: { filename: 'noise.wav', filetype: 'audio/wav' },
      onError: reject,
      onSuccess: ({ lastResponse }) => resolve({ url: sending.url, asset: lastResponse.getHeader('x-atelier-asset'), sending }),
      ...options,
    });
    sending.start();
  });
}

async function contentOf(asset) {
  const answer = await fetch(`${atelier.url}/api/assets/${asset}/content`);
  assert.equal(answer.status, 200);
  return Buffer.from(await answer.arrayBuffer());
}
const digestOf = (bytes) => createHash('sha256').update(bytes).digest('hex');

test('a file becomes an asset', async () => {
  const bytes = wave(300_000);
  const { asset, url } = await upload(bytes);
  assert.equal(digestOf(await contentOf(asset)), digestOf(bytes));
  const told = await (await fetch(`${atelier.url}/api/assets/${asset}`)).json();
  assert.equal(told.name, 'noise.wav');
  assert.equal(told.kind, 'audio');
  assert.equal((await (await fetch(url)).json()).asset_id, asset);
});

test('with its first piece in the request that begins it', async () => {
  const bytes = wave(200_000);
  const { asset } = await upload(bytes, { uploadDataDuringCreation: true, chunkSize: 70_000 });
  assert.equal(digestOf(await contentOf(asset)), digestOf(bytes));
});

test('in pieces, from a stream', async () => {
  const bytes = wave(1_000_000);
  const sizes = [];
  const { asset } = await upload(Readable.from(bytes, { objectMode: false }), {
    chunkSize: 128 * 1024,
    uploadSize: bytes.length,
    onChunkComplete: (_, total) => sizes.push(total),
  });
  assert.ok(sizes.length > 5);
  assert.equal(digestOf(await contentOf(asset)), digestOf(bytes));
});

test('broken off, it goes on where it was', async () => {
  const bytes = wave(3_000_000);
  let sending;
  const url = await new Promise((resolve, reject) => {
    sending = new tus.Upload(bytes, {
      endpoint: endpoint(),
      chunkSize: 256 * 1024,
      metadata: { filename: 'broken.wav' },
      onError: reject,
      onSuccess: () => reject(new Error('it was not broken off')),
      onChunkComplete: (_, accepted) => {
        if (accepted < 512 * 1024) return;
        sending.abort();
        resolve(sending.url);
      },
    });
    sending.start();
  });
  const before = await fetch(url, { method: 'HEAD', headers: { 'tus-resumable': '1.0.0' } });
  const offset = Number(before.headers.get('upload-offset'));
  assert.ok(offset >= 512 * 1024 && offset < bytes.length, `at ${offset}`);
  let first = -1;
  const { asset } = await upload(bytes, {
    uploadUrl: url,
    onProgress: (sent) => {
      if (first < 0) first = sent;
    },
  });
  assert.ok(first >= offset, 'what was there was sent again');
  assert.equal(digestOf(await contentOf(asset)), digestOf(bytes));
});

test('ended by its sender, it is gone', async () => {
  const sending = new tus.Upload(wave(2_000_000), { endpoint: endpoint(), chunkSize: 64 * 1024, retryDelays: null });
  await new Promise((resolve, reject) => {
    sending.options.onError = reject;
    sending.options.onChunkComplete = () => resolve();
    sending.start();
  });
  await sending.abort(true);
  assert.equal((await fetch(sending.url, { method: 'HEAD', headers: { 'tus-resumable': '1.0.0' } })).status, 404);
});

test('a file that cannot be used is refused with the reason', async () => {
  const refused = await upload(Buffer.from('not a picture at all'), { metadata: { filename: 'x.png' } }).catch((error) => error);
  assert.ok(refused instanceof Error);
  assert.equal(refused.originalResponse.getStatus(), 400);
  assert.match(refused.originalResponse.getBody(), /x\.png/);
});

test('the same file again is the same asset', async () => {
  const bytes = wave(100_000);
  const first = await upload(bytes), second = await upload(bytes);
  assert.equal(first.asset, second.asset);
});

test('what is spoken is told', async () => {
  const told = await fetch(endpoint(), { method: 'OPTIONS' });
  assert.equal(told.status, 204);
  assert.equal(told.headers.get('tus-version'), '1.0.0');
  assert.match(told.headers.get('tus-extension'), /creation/);
  assert.ok(Number(told.headers.get('tus-max-size')) > 0);
});
