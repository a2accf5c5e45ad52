// Measures what the build would send and fails it on a hard number of budgets.json.
import { readFileSync } from 'node:fs';
import { brotliCompressSync } from 'node:zlib';

const compressed = (source) => brotliCompressSync(Buffer.from(source)).length;
const bytesOf = (file) => (file.type === 'chunk' ? file.code : file.source);

// An entry or page with everything it loads before it can run, each file once.
function withImports(bundle, name, seen = new Set()) {
  const chunk = bundle[name];
  if (seen.has(name) || chunk?.type !== 'chunk') return seen;
  seen.add(name);
  for (const next of chunk.imports) withImports(bundle, next, seen);
  return seen;
}

const sum = (bundle, names) => [...names].reduce((total, name) => total + compressed(bytesOf(bundle[name])), 0);

async function measure(bundle, others) {
  const chunks = Object.values(bundle).filter((file) => file.type === 'chunk');
  const entry = chunks.find((chunk) => chunk.isEntry);
  const initial = withImports(bundle, entry.fileName);
  const pages = chunks.filter((chunk) => chunk.isDynamicEntry);
  const ownBytes = (page) => sum(bundle, [...withImports(bundle, page.fileName)].filter((name) => !initial.has(name)));
  const largest = (of) => Math.max(0, ...of.map(ownBytes));
  // One page with all it loads later on, such as what draws its charts.
  const performance = pages.find((page) => page.facadeModuleId?.endsWith('/routes/performance/Page.svelte'));
  const isLibrary = (name) => !bundle[name].facadeModuleId?.includes('/src/');
  const isCharts = (name) => bundle[name].facadeModuleId?.endsWith('/performance/Charts.svelte');
  const first = [performance.fileName, ...performance.dynamicImports.filter((name) => isLibrary(name) || isCharts(name))];
  const charts = new Set(first.flatMap((name) => [...withImports(bundle, name)]));
  // Its parts that come once they are in sight.
  const parts = new Set(first.flatMap((name) => bundle[name].dynamicImports).flatMap((name) => [...withImports(bundle, name)]));
  // The page a person opens first is loaded at once too: the largest counts. What a page loads when idle does not.
  const asked = new Set([...initial].flatMap((name) => bundle[name].dynamicImports));
  const html = String(bundle['index.html'].source);
  const css = [...html.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(([, body]) => body).join('\n');
  const font = html.match(/rel="preload" href="\/([^"]+\.woff2)"/)?.[1];
  return {
    initial_js_br_bytes: sum(bundle, initial) + largest(pages.filter((page) => asked.has(page.fileName))),
    inlined_css_br_bytes: compressed(css),
    first_font_bytes: font ? bytesOf(bundle[font]).length : 0,
    page_js_br_bytes: largest(pages.filter((page) => asked.has(page.fileName))),
    performance_js_br_bytes: sum(bundle, [...charts].filter((name) => !initial.has(name))),
    performance_parts_js_br_bytes: sum(bundle, [...parts].filter((name) => !initial.has(name) && !charts.has(name))),
    library_js_br_bytes: largest(pages.filter((page) => !asked.has(page.fileName))), // what a page asks for when it is needed
    ...Object.fromEntries(await Promise.all(Object.entries(others).map(async ([name, files]) => [name, sum(bundle, await files())]))),
    everything_br_bytes: sum(bundle, Object.keys(bundle)),
  };
}

/**
 * @param {string} path
 * @param {Record<string, () => Promise<readonly string[]>>} others names of further budgets, each with the files that it is of.
 * @returns {import('vite').Plugin}
 */
export function budgets(path, others = {}) {
  return {
    name: 'atelier-budgets',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      async handler(_options, bundle) {
        const limits = JSON.parse(readFileSync(path, 'utf8'));
        const over = [];
        for (const [name, value] of Object.entries(await measure(bundle, others))) {
          const { aim, hard } = limits[name];
          const word = value > hard ? 'over the budget' : value > aim ? 'above the aim' : 'ok';
          this.info(`${name}: ${value} (aim ${aim}, hard ${hard}) ${word}`);
          if (value > hard) over.push(`${name} is ${value}, at most ${hard}`);
        }
        if (over.length > 0) this.error(over.join('; '));
      },
    },
  };
}
