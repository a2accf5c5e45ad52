// The shapes written by hand in lib/api, against the ones the server itself tells of.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import openapi, { astToString } from 'openapi-typescript';
import ts from 'typescript';
import { expect, test } from './studio';

test.use({ name: 'types' });

const SHAPES = ['Session', 'Status', 'Scene', 'Video', 'Step', 'Run', 'ProductionSummary', 'Production', 'Asset'];
// What we call them, of the gateway's. A route of models is no route of the page.
const GATEWAY = { ProviderPreset: 'ProviderPreset', Provider: 'Provider', ProviderCheck: 'ProviderCheck', Route: 'ModelRoute', ModelHealth: 'ModelHealth', ModelRates: 'ModelRates', RouteStanding: 'RouteStanding', Model: 'Model', ModelPage: 'ModelPage', Key: 'AccessKey', CreatedKey: 'CreatedKey', Call: 'Call', UsageRow: 'UsageRow', UsagePage: 'UsagePage' };
// Of the chat's, with what is held against another way: a part is one of several shapes, of which the server tells all at once.
const CHAT = { Thread: ['Thread', ''], ThreadView: ['ThreadPage', 'messages'], ThreadShape: ['Shape', ''], Message: ['Message', 'parts'], MessageUsage: ['MessageUsage', ''], Folder: ['Folder', ''], SearchHit: ['SearchHit', ''], SearchAnswer: ['SearchAnswer', ''], Said: ['SentMessages', 'messages'] };
const ASSETS = { AssetRow: 'AssetRow', AssetRowPage: 'AssetRowPage', AssetDetails: 'AssetDetails' };
// Of what is made, with what the server tells of as any object.
const MADE = { Generation: `'request' | 'text'`, GenerationResult: `''`, GenerationEstimate: `''`, MediaModel: `'ability'`, Voice: `''`, VoiceList: `''` };
// And what we send.
const SENT = { NewKey: 'KeySettings', KeySettings: 'KeySettings', ProviderChange: 'ProviderChange', RouteDefinition: 'RouteDefinition' };

test('what the server says it answers is what the page takes', async ({ request, studio }) => {
  const document = (await (await request.get(`${studio.url}/api/openapi.json`)).json()) as Record<string, unknown>;
  const folder = mkdtempSync(join(tmpdir(), 'atelier-types-'));
  writeFileSync(join(folder, 'schema.ts'), astToString(await openapi(document as never)));
  const own = resolve(import.meta.dirname, '../../src/lib/api');
  const lines = SHAPES.map((name) => `export const as${name} = (told: components['schemas']['${name}']): own.${name} => told;`);
  for (const [name, ours] of Object.entries(GATEWAY)) lines.push(`export const as${name} = (told: components['schemas']['${name}']): gateway.${ours} => told;`);
  for (const [name, ours] of Object.entries(ASSETS)) lines.push(`export const as${name} = (told: components['schemas']['${name}']): assets.${ours} => told;`);
  for (const [name, [ours, apart]] of Object.entries(CHAT)) lines.push(`export const as${name} = (told: Omit<components['schemas']['${name}'], '${apart}'>): Omit<chat.${ours}, '${apart}'> => told;`);
  for (const [name, apart] of Object.entries(MADE)) lines.push(`export const as${name} = (told: Omit<components['schemas']['${name}'], ${apart}>): Omit<made.${name}, ${apart}> => told;`);
  lines.push(`export const toNewGeneration = (sent: Omit<made.NewGeneration, 'options'>): Omit<components['schemas']['NewGeneration'], 'options'> => sent;`);
  lines.push(`export const asPart = (told: components['schemas']['MessagePart']['type']): chat.Part['type'] => told;`);
  lines.push(`export const toThreadChange = (sent: chat.ThreadChange): components['schemas']['ThreadChange'] => sent;`);
  lines.push(`export const asFigurePage = (told: components['schemas']['FigurePage']): figures.FigurePage => told;`, `export const asFigureLines = (told: components['schemas']['FigureLines']): figures.FigureLines => told;`, `export const asObjectiveReport = (told: components['schemas']['ObjectiveReport']): objectives.ObjectiveReport => told;`);
  lines.push(`export const asOverview = (told: components['schemas']['PerformanceMetrics']): overview.Overview => told;`);
  for (const name of ['AlertPage', 'AlertWithEvidence']) lines.push(`export const as${name} = (told: components['schemas']['${name}']): alerts.${name} => told;`);
  lines.push(`export const toNewSilence = (sent: alerts.NewSilence): components['schemas']['NewSilence'] => sent;`);
  for (const name of ['ErrorPage', 'ErrorDetail', 'PageFigurePage']) lines.push(`export const as${name} = (told: components['schemas']['${name}']): errors.${name} => told;`);
  for (const name of ['TraceEntryPage', 'Trace']) lines.push(`export const as${name} = (told: components['schemas']['${name}']): traces.${name} => told;`);
  lines.push(`export const toFigureQuery = (sent: figures.FigureQuery): components['schemas']['FigureQuery'] => sent;`);
  for (const [name, ours] of Object.entries(SENT)) lines.push(`export const to${name} = (sent: gateway.${ours}): components['schemas']['${name}'] => sent;`);
  writeFileSync(join(folder, 'agree.ts'), [`import type { components } from './schema';`, `import type * as own from '${own}/types';`, `import type * as assets from '${own}/asset-types';`, `import type * as gateway from '${own}/gateway-types';`, `import type * as made from '${own}/generation-types';`, `import type * as chat from '${own}/chat-types';`, `import type * as alerts from '${own}/alert-types';`, `import type * as figures from '${own}/figure-types';`, `import type * as objectives from '${own}/objective-types';`, `import type * as overview from '${own}/overview-types';`, `import type * as errors from '${own}/error-types';`, `import type * as traces from '${own}/trace-types';`, ...lines].join('\n'));
  const options: ts.CompilerOptions = { strict: true, noEmit: true, skipLibCheck: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, types: [] };
  const found = ts.getPreEmitDiagnostics(ts.createProgram([join(folder, 'agree.ts')], options));
  rmSync(folder, { recursive: true, force: true });
  expect(found.map((each) => ts.flattenDiagnosticMessageText(each.messageText, '\n'))).toEqual([]);
});
