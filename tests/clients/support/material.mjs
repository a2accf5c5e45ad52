// What the tests send: tools, a schema, a picture.
import { z } from 'zod';

// 1 x 1 pixel.
export const pngBase64 =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
export const pngBytes = Buffer.from(pngBase64, 'base64').length;
export const remoteImage = 'https://pictures.example/cat.png';

export const weatherSchema = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 1 } },
  required: ['city', 'days'],
  additionalProperties: false,
};
export const clockSchema = { type: 'object', properties: {}, additionalProperties: false };
// What the double fills the schema with.
export const weatherArguments = { city: 'some city', days: 1 };

export const Recipe = z.object({ title: z.string(), minutes: z.number().int(), steps: z.array(z.string()), vegan: z.boolean() });
export const recipe = { title: 'some title', minutes: 1, steps: ['some steps'], vegan: true };
