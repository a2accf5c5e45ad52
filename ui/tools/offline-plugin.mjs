// Writes sw.js, the service worker, with the names of the files that the chat room opens with: the page, what every page uses,
// the room and what it loads beside itself. What is only sometimes needed is kept once it was.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const ROOM = /\/src\/routes\/chat\/Page\.svelte$/;
const LATER = /\/src\/(routes|lib\/md\/(colour|draw|diagram))/;
const OTHER = [/^_app\/worker-.*\.js$/, /instrument-sans-latin-wght-normal.*\.woff2$/];
const PUBLIC = ['/', '/icon.svg', '/app.webmanifest'];

function filesOf(bundle) {
  const found = new Set(Object.keys(bundle).filter((name) => OTHER.some((pattern) => pattern.test(name))));
  const seen = new Set();
  const take = (name) => {
    const chunk = bundle[name];
    if (chunk?.type !== 'chunk' || seen.has(name)) return;
    seen.add(name);
    found.add(name);
    chunk.viteMetadata?.importedCss?.forEach((sheet) => bundle[sheet] && found.add(sheet));
    chunk.imports.forEach(take);
    for (const next of chunk.dynamicImports) {
      const id = bundle[next]?.facadeModuleId ?? '';
      if (ROOM.test(id) || (id.includes('/src/') && !LATER.test(id))) take(next);
    }
  };
  for (const chunk of Object.values(bundle)) if (chunk.isEntry) take(chunk.fileName);
  return [...found].sort();
}

/** @returns {import('vite').Plugin} */
export function offline(source) {
  return {
    name: 'atelier-offline',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post', // once the page is finished
      handler(_options, bundle) {
        const files = [...PUBLIC, ...filesOf(bundle).map((name) => `/${name}`)];
        if (!files.some((name) => name.includes('/Page-'))) this.error('the chat room is not among the files that are kept');
        const hash = createHash('sha256').update(String(bundle['index.html'].source)).update(files.join()).digest('hex').slice(0, 12);
        const code = readFileSync(source, 'utf8').replace(/^\/\/.*\n/gm, '').replace('SHELL_NAME', () => `'shell-${hash}'`).replace('SHELL_FILES', () => JSON.stringify(files));
        this.emitFile({ type: 'asset', fileName: 'sw.js', source: code });
      },
    },
  };
}
