// Turns the built page into one C++ file: every file plain, gzip and brotli, with its type and ETag.
// Usage: node embed.mjs <folder> <out.cpp>
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const [folder, out] = process.argv.slice(2);
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.txt': 'text/plain; charset=utf-8',
};
const incompressible = new Set(['.woff2', '.png', '.ico']);

function walk(directory) {
  return readdirSync(directory)
    .sort()
    .flatMap((name) => {
      const path = join(directory, name);
      return statSync(path).isDirectory() ? walk(path) : [path];
    });
}

const policyFile = join(folder, 'csp.json');
const scripts = JSON.parse(readFileSync(policyFile, 'utf8')).script.map((hash) => `'${hash}'`).join(' ');
const policy =
  `default-src 'self'; script-src 'self' ${scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; ` +
  `media-src 'self' blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; ` +
  `trusted-types svelte-trusted-html atelier`;

// HTML among the files with hashes is shown in a frame of the page, on text that nobody trusts: it has no origin, runs scripts of
// the page's server, and loads and sends nothing else, whatever its scripts are made to do.
const framePolicy =
  `sandbox allow-scripts; default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; ` +
  `frame-ancestors 'self'`;

const pieces = [];
let size = 0;
function put(bytes) {
  const start = size;
  pieces.push(bytes);
  size += bytes.length;
  return `{${start}, ${bytes.length}}`;
}

const rows = walk(folder)
  .filter((path) => path !== policyFile && !path.endsWith('.map'))
  .map((path) => {
    const name = '/' + relative(folder, path);
    const ending = name.slice(name.lastIndexOf('.'));
    const type = types[ending];
    if (!type) throw new Error(`${name}: no content type known for ${ending}`);
    const plain = readFileSync(path);
    const etag = `"${createHash('sha256').update(plain).digest('hex').slice(0, 32)}"`;
    let gzip = Buffer.alloc(0);
    let brotli = Buffer.alloc(0);
    if (!incompressible.has(ending) && plain.length > 256) {
      gzip = gzipSync(plain, { level: 9 });
      brotli = brotliCompressSync(plain, {
        params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length },
      });
      if (gzip.length > plain.length * 0.95) gzip = Buffer.alloc(0);
      if (brotli.length > plain.length * 0.95) brotli = Buffer.alloc(0);
    }
    const hashed = name.startsWith('/_app/');
    const own = hashed && ending === '.html' ? framePolicy : '';
    return `    {${JSON.stringify(name)}, ${JSON.stringify(type)}, ${put(plain)}, ${put(gzip)}, ${put(brotli)}, ${JSON.stringify(etag)}, ${hashed}, ${JSON.stringify(own)}},`;
  });

const bin = out.replace(/\.cpp$/, '.bin');
writeFileSync(bin, Buffer.concat(pieces));
writeFileSync(
  out,
  `// Made by cmake/embed.mjs.
#include "app/site.hpp"

#include <vector>

asm(".section .rodata\\n.balign 16\\n.global atelier_site_bytes\\n.type atelier_site_bytes, @object\\natelier_site_bytes:\\n"
    ".incbin \\"${bin}\\"\\n.size atelier_site_bytes, .-atelier_site_bytes\\n.text\\n");
extern "C" const char atelier_site_bytes[];

namespace atelier::app {
namespace {

struct Slice {
  std::size_t start, size;
  std::string_view view() const { return {atelier_site_bytes + start, size}; }
};
struct Row {
  std::string_view path, content_type;
  Slice plain, gzip, brotli;
  std::string_view etag;
  bool is_immutable;
  std::string_view security_policy;
};
constexpr Row kRows[] = {
${rows.join('\n')}
};

}  // namespace

std::span<const net::EmbeddedFile> site_files() {
  static const std::vector<net::EmbeddedFile>* files = [] {
    auto* made = new std::vector<net::EmbeddedFile>;
    for (const Row& row : kRows)
      made->push_back({row.path, row.content_type, row.plain.view(), row.gzip.view(), row.brotli.view(), row.etag, row.is_immutable, row.security_policy});
    return made;
  }();
  return *files;
}

std::string_view site_policy() { return ${JSON.stringify(policy)}; }

}  // namespace atelier::app
`,
);
