// Writes the API's types from the OpenAPI document named by ATELIER_OPENAPI.
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import openapi, { astToString } from 'openapi-typescript';

const source = process.env.ATELIER_OPENAPI;
if (!source) {
  console.error('ATELIER_OPENAPI names no file');
  process.exit(2);
}
const tree = await openapi(pathToFileURL(source));
writeFileSync(new URL('../src/lib/api/schema.d.ts', import.meta.url), '// Generated from the OpenAPI document: not to be edited.\n\n' + astToString(tree));
