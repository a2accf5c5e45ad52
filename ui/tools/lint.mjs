// The rules of the page that no other tool knows: who may import whom, and what may never be written.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const src = join(root, 'src');
// A folder may use itself and those before it.
const floors = ['lib/i18n', 'lib/story', 'lib/router', 'lib/media', 'lib/api', 'lib/timeline', 'lib/offline', 'lib/state', 'lib/components', 'lib/md', 'lib/gateway', 'features', 'routes', 'app', 'frame'];
const svelteFree = ['lib/story', 'lib/timeline', 'lib/api', 'lib/media', 'lib/i18n'];
const componentLinesMax = 180;
// The one place that may write HTML: coloured code, through the page's policy.
const sink = 'lib/md/sink.ts';

const files = (folder) => readdirSync(folder).flatMap((name) => {
  const path = join(folder, name);
  return statSync(path).isDirectory() ? files(path) : [path];
});

const floorOf = (path) => floors.findIndex((floor) => path === floor || path.startsWith(floor + '/'));
const target = (file, spec) => {
  if (spec.startsWith('$lib/')) return 'lib/' + spec.slice(5);
  if (spec.startsWith('$features/')) return 'features/' + spec.slice(10);
  return spec.startsWith('.') ? relative(src, resolve(dirname(file), spec)) : null;
};

export function lint() {
  const found = [];
  for (const file of files(src)) {
    const path = relative(src, file);
    const say = (line, words) => found.push(`src/${path}:${line}: ${words}`);
    if (!/\.(ts|svelte)$/.test(path)) continue;
    const text = readFileSync(file, 'utf8');
    const lines = text.split('\n');
    const from = floorOf(path);
    if (from < 0 && path !== 'vite-env.d.ts') say(1, 'lies in no known folder');
    if (/(^|\/)index\.ts$/.test(path)) say(1, 'a barrel file');
    if (path.endsWith('.svelte') && lines.length > componentLinesMax) say(componentLinesMax, `a component of ${lines.length} lines`);
    lines.forEach((line, at) => {
      if (line.includes('{@html')) say(at + 1, '{@html} is forbidden: text is data');
      if (path !== sink && /\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write)\b/.test(line)) say(at + 1, 'writes HTML: text is data');
      if (/:\s*any\b|\bas any\b|<any>/.test(line)) say(at + 1, 'any');
      if (path.endsWith('.svelte') && /\b(fetch\(|localStorage|sessionStorage|JSON\.parse)/.test(line)) say(at + 1, 'a component fetches, stores or parses: that is for a state class');
      if (path.endsWith('.svelte') && /\b(?:margin|padding)-(?:left|right)\b|\btext-align:\s*(?:left|right)\b/.test(line)) say(at + 1, 'a physical side: use the logical property');
      const spec = /(?:from|import)\s*\(?\s*'([^']+)'/.exec(line)?.[1];
      if (!spec) return;
      if (/^svelte(\/|$)/.test(spec) && svelteFree.some((floor) => path.startsWith(floor + '/'))) say(at + 1, 'Svelte in plain TypeScript');
      const to = target(file, spec);
      if (to === null || to.startsWith('styles/')) return;
      if (floorOf(to) > from) say(at + 1, `imports upwards: ${to}`);
      if (path.startsWith('features/') && to.startsWith('features/') && path.split('/')[1] !== to.split('/')[1]) say(at + 1, `imports another feature: ${to}`);
    });
  }
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  if (/"resolved": "https?:/.test(lock)) found.push('package-lock.json: records download addresses');
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = lint();
  found.forEach((line) => console.error(line));
  process.exitCode = found.length > 0 ? 1 : 0;
}
