// Finishes index.html after the bundle is made: the entry's CSS goes into the page, the first font is preloaded, the inline
// script begins to load what the page at its address will ask for, and the script's hash is written to csp.json, so that
// the server can name it in its policy.
import { createHash } from 'node:crypto';

const FIRST_FONT = /instrument-sans-latin-wght-normal.*\.woff2$/;
const STYLESHEET = /\s*<link rel="stylesheet"[^>]*href="([^"]+)"[^>]*>/g;
const INLINE_SCRIPT = /<script>([\s\S]*?)<\/script>/g;

// Pages name the sheets they need before they run. Those in the page already are not to be loaded again: a script that is
// loaded by then stands in their place, so that the others keep their numbers.
function forgetSheets(bundle, sheets, loaded) {
  for (const file of Object.values(bundle)) {
    if (file.type !== 'chunk') continue;
    for (const sheet of sheets) file.code = file.code.replaceAll(sheet, loaded ?? sheet);
  }
}

// The files that the modules named need before they run, without those that are loaded with every page.
function filesFor(bundle, modules) {
  const files = new Set();
  const loaded = new Set();
  const take = (name, into) => {
    const chunk = bundle[name];
    if (chunk?.type !== 'chunk' || into.has(name)) return;
    into.add(name);
    chunk.viteMetadata?.importedCss?.forEach((sheet) => bundle[sheet] && into.add(sheet));
    chunk.imports.forEach((next) => take(next, into));
  };
  const chunks = Object.values(bundle).filter((file) => file.type === 'chunk');
  for (const chunk of chunks) if (chunk.isEntry) take(chunk.fileName, loaded);
  for (const path of modules) {
    const chunk = chunks.find((one) => one.moduleIds.some((id) => id.endsWith(`/${path}`)));
    if (!chunk) throw new Error(`${path}, which is to be loaded early, is no chunk`);
    take(chunk.fileName, files);
  }
  return [...files].filter((name) => !loaded.has(name));
}

// Goes into the page as it stands here and runs there, before any module: the first rule whose path the address matches, by its
// files and its calls, where $1 is what the path's group matched. The page finds them under way, or here, when it asks for them.
/* global document, location */
function beginEarly(rules) {
  const begin = (rel, href, as) => {
    const link = document.createElement('link');
    link.rel = rel;
    if (as) link.as = as;
    link.crossOrigin = 'anonymous';
    link.href = href;
    document.head.append(link);
  };
  for (const [path, files, calls] of rules) {
    const match = new RegExp(path).exec(location.pathname);
    if (!match) continue;
    for (const file of files) file.endsWith('.css') ? begin('preload', file, 'style') : begin('modulepreload', file);
    for (const call of calls) begin('preload', call.replace('$1', match[1]), 'fetch');
    return;
  }
}
const earlyScript = (bundle, early) => `(${beginEarly})(${JSON.stringify(early.map(({ path, modules, calls }) => [path, filesFor(bundle, modules).map((name) => `/${name}`), calls]))})`;

/**
 * @param {{ early: { path: string; modules: string[]; calls: string[] }[] }} options `path` is a pattern of addresses, `modules` those of
 *   src/ or node_modules/ that are loaded there by themselves, `calls` what is read of the API.
 * @returns {import('vite').Plugin}
 */
export function shell({ early }) {
  return {
    name: 'atelier-shell',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post', // after the build has said which page needs which sheet
      handler(_options, bundle) {
        const page = bundle['index.html'];
        if (page?.type !== 'asset') return this.error('the build made no index.html');
        let html = String(page.source);

        const sheets = [];
        const inlined = [];
        html = html.replace(STYLESHEET, (_all, href) => {
          const name = href.replace(/^\//, '');
          const sheet = bundle[name];
          if (sheet?.type !== 'asset') return this.error(`index.html names ${href}, which is not in the bundle`);
          sheets.push(String(sheet.source).trim());
          delete bundle[name];
          inlined.push(name);
          return '';
        });
        forgetSheets(bundle, inlined, html.match(/rel="modulepreload"[^>]*href="\/([^"]+)"/)?.[1]);
        const font = Object.keys(bundle).find((name) => FIRST_FONT.test(name));
        if (!font) this.error('the first font is not in the bundle');
        const preload = `<link rel="preload" href="/${font}" as="font" type="font/woff2" crossorigin>`;
        html = html.replace('</head>', () => `${preload}\n<style>${sheets.join('\n')}</style>\n</head>`);

        html = html.replace(INLINE_SCRIPT, (_all, body) => `<script>${body};${earlyScript(bundle, early)}</script>`);
        const hashes = [...html.matchAll(INLINE_SCRIPT)].map(
          ([, body]) => `sha256-${createHash('sha256').update(body ?? '').digest('base64')}`,
        );
        if (hashes.length !== 1) this.error(`index.html has ${hashes.length} inline scripts, one is expected`);
        page.source = html;
        this.emitFile({ type: 'asset', fileName: 'csp.json', source: JSON.stringify({ script: hashes }) + '\n' });
      },
    },
  };
}
