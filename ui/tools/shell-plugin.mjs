// Finishes index.html after the bundle is made: the entry's CSS goes into the page, the first font is preloaded, and the
// hash of the one inline script is written to csp.json, so that the server can name it in its policy.
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

/** @returns {import('vite').Plugin} */
export function shell() {
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
