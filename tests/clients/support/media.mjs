// For tests of images and sounds: whom they ask, and what is made of what comes.
import { createHash } from 'node:crypto';

import OpenAI from 'openai';

import { providerKey } from './programs.mjs';

/**
 * Whom a media test asks: Atelier, and the double itself, so that what the official client expects is also what the
 * double is. `modelOf` names a model of the double's there, with what it shall do wrong.
 */
export function targetsOf({ double, atelier }) {
  const nameOf = (prefix) => (model, faults = '') => `${prefix}${model}${faults && '@'}${faults}`;
  return [
    { name: 'Atelier', client: new OpenAI({ baseURL: atelier.openaiUrl, apiKey: 'unused', maxRetries: 0 }), modelOf: nameOf('openai/') },
    { name: 'the double', client: new OpenAI({ baseURL: `${double.url}/openai/v1`, apiKey: providerKey, maxRetries: 0 }), modelOf: nameOf('') },
  ];
}

/** What the double remembers of a form: its fields, and its files without their bytes. */
export const formOf = (request) => JSON.parse(request.body);

/** What the double remembers of a file with these bytes. */
export const fileSeen = (name, filename, type, bytes) => ({
  name,
  filename,
  type,
  size_bytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
});

/** Width and height of a PNG, whose signature is looked at. */
export function sizeOfPng(base64) {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.toString('latin1', 1, 4) !== 'PNG') throw new Error(`no PNG: ${bytes.toString('hex', 0, 8)}`);
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}

export async function collect(stream) {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
}
