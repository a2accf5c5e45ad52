// Writes licences.txt: the packages whose code or fonts the page's files hold, each with its licence's text, as those licences ask.
// A package under one that we do not know stops the build.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const KNOWN = new Set(['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD', 'OFL-1.1', 'Unlicense', '(MPL-2.0 OR Apache-2.0)']);
const TOLD = { khroma: 'MIT' }; // packages that say it in their licence's text alone
const TEXT = /^(licen[cs]e|copying)(\.|-|$)/i;
const PACKAGE = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;

function noticeOf(folder) {
  const { name, version, homepage, ...told } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const license = told.license ?? TOLD[name];
  if (!KNOWN.has(license)) throw new Error(`${name} is under "${license}", which nobody has looked at: see docs/decisions/0004-licences.md`);
  const texts = readdirSync(folder).filter((file) => TEXT.test(file)).sort().map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return { name, notice: [`${name} ${version} (${license})${homepage ? `\n${homepage}` : ''}`, ...texts].join('\n\n') };
}

/**
 * @param {(() => Promise<readonly string[]>)[]} others give the modules of what is built beside the page
 * @returns {import('vite').Plugin}
 */
export function licences(...others) {
  return {
    name: 'atelier-licences',
    apply: 'build',
    generateBundle: {
      order: 'post',
      async handler(_options, bundle) {
        const files = Object.values(bundle);
        const modules = [...files.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : (file.originalFileNames ?? []))), ...(await Promise.all(others.map((give) => give()))).flat()];
        // Of modules with their whole path, of fonts from here.
        const folders = new Set(modules.flatMap((id) => PACKAGE.exec(resolve(id))?.[0] ?? []));
        const notices = [...folders].map(noticeOf).sort((a, b) => (a.name < b.name ? -1 : 1));
        const line = `\n\n${'-'.repeat(80)}\n\n`;
        this.emitFile({ type: 'asset', fileName: 'licences.txt', source: `The page of this studio is made with these packages.${line}${notices.map(({ notice }) => notice).join(line)}\n` });
      },
    },
  };
}
