// Builds a document that the page shows in a frame without an origin, apart from the page: it shares no file with it, so that
// neither can change what the other loads. Its files go among the page's, under names with their hashes, and
// 'virtual:<name>-frame' is the address of the document.
import { createHash } from 'node:crypto';
import { relative } from 'node:path';
import { build } from 'vite';

const chunksOf = (output) => Object.fromEntries(output.filter((file) => file.type === 'chunk').map((file) => [file.fileName, file]));

// What is loaded before `starts` can run, each file once.
function withImports(chunks, starts) {
  const seen = new Set();
  const take = (name) => {
    if (seen.has(name) || !chunks[name]) return;
    seen.add(name);
    chunks[name].imports.forEach(take);
  };
  starts.forEach(take);
  return [...seen];
}

async function outputOf({ root, name, document, alias, first }) {
  const files = `_app/${name}/[name]-[hash].js`;
  const { output } = await build({
    root,
    configFile: false,
    logLevel: 'warn',
    resolve: { alias },
    build: {
      write: false,
      target: 'es2023',
      reportCompressedSize: false,
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 1000,
      rolldownOptions: { input: document, output: { entryFileNames: files, chunkFileNames: files } },
    },
  });
  const html = String(output.find((file) => file.fileName.endsWith('.html')).source);
  const hash = createHash('sha256').update(html).digest('base64url').slice(0, 8);
  const chunks = chunksOf(output);
  const names = Object.keys(chunks);
  const missing = first.filter((pattern) => !names.some((file) => pattern.test(file)));
  if (missing.length > 0) throw new Error(`the frame ${name} has no file like ${missing.join(' or ')}`);
  const starts = names.filter((file) => chunks[file].isEntry || first.some((pattern) => pattern.test(file)));
  return {
    address: `/_app/${name}-${hash}.html`,
    files: [[`_app/${name}-${hash}.html`, html], ...Object.values(chunks).map((chunk) => [chunk.fileName, chunk.code])],
    first: withImports(chunks, starts),
    modules: Object.values(chunks).flatMap((chunk) => chunk.moduleIds),
  };
}

/**
 * @param {{ root: string; name: string; document: string; alias?: Record<string, string>; first: RegExp[] }} options `document` is the HTML;
 *   `alias` says which modules stand for others; `first` are the files that the commonest use needs beside the entry's.
 * @returns {import('vite').Plugin}
 */
export function frame(options) {
  const { root, name, document } = options;
  const id = `virtual:${name}-frame`;
  let isBuild = false;
  let made;
  const output = () => (made ??= outputOf({ alias: {}, ...options }));
  return {
    name: `atelier-frame-${name}`,
    // The names of `first` with all that they need, for the budgets; and of what it is made.
    api: { firstFiles: async () => (await output()).first, modules: async () => (await output()).modules },
    configResolved(config) {
      isBuild = config.command === 'build';
    },
    resolveId: (wanted) => (wanted === id ? `\0${id}` : null),
    async load(wanted) {
      if (wanted !== `\0${id}`) return null;
      const address = isBuild ? (await output()).address : `/${relative(root, document)}`;
      return `export default ${JSON.stringify(address)};`;
    },
    async generateBundle() {
      for (const [fileName, source] of (await output()).files) this.emitFile({ type: 'asset', fileName, source });
    },
  };
}
