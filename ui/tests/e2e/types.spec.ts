// The shapes written by hand in lib/api/types.ts, against the ones the server itself tells of.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import openapi, { astToString } from 'openapi-typescript';
import ts from 'typescript';
import { expect, test } from './studio';

test.use({ name: 'types' });

const SHAPES = ['Session', 'Status', 'Scene', 'Video', 'Step', 'Run', 'ProductionSummary', 'Production', 'Asset'];

test('what the server says it answers is what the page takes', async ({ request, studio }) => {
  const document = (await (await request.get(`${studio.url}/api/openapi.json`)).json()) as Record<string, unknown>;
  const folder = mkdtempSync(join(tmpdir(), 'atelier-types-'));
  writeFileSync(join(folder, 'schema.ts'), astToString(await openapi(document as never)));
  const own = resolve(import.meta.dirname, '../../src/lib/api/types');
  const lines = SHAPES.map((name) => `export const as${name} = (told: components['schemas']['${name}']): own.${name} => told;`);
  writeFileSync(join(folder, 'agree.ts'), [`import type { components } from './schema';`, `import type * as own from '${own}';`, ...lines].join('\n'));
  const options: ts.CompilerOptions = { strict: true, noEmit: true, skipLibCheck: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, types: [] };
  const found = ts.getPreEmitDiagnostics(ts.createProgram([join(folder, 'agree.ts')], options));
  rmSync(folder, { recursive: true, force: true });
  expect(found.map((each) => ts.flattenDiagnosticMessageText(each.messageText, '\n'))).toEqual([]);
});
