// Covers (320x568, JPEG of quality 80) of a picture of 12 megapixels, two at once: ours against sharp's, in turns, so
// that whatever else the machine does is shared between them. Then the memory of a worker over ten thousand of them.
//   node run.mjs [--bin build/release/bin] [--rounds 9] [--count 60] [--long 10000]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makePicture } from './picture.mjs';

const option = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1];
};
const here = dirname(fileURLToPath(import.meta.url));
const bin = option('bin', 'build/release/bin');
const rounds = Number(option('rounds', 9));
const count = Number(option('count', 60));
const long = Number(option('long', 10_000));
const kAtOnce = '2';

const folder = mkdtempSync(join(tmpdir(), 'bench-previews-'));
const file = join(folder, 'picture.jpg');
const ask = (command, args) => JSON.parse(execFileSync(command, args, { encoding: 'utf8', env: { ...process.env, UV_THREADPOOL_SIZE: kAtOnce } }));
const ours = (count) => ask(join(bin, 'bench_previews'), [file, kAtOnce, String(count)]);
const theirs = (count) => ask(process.execPath, [join(here, 'sharp.mjs'), file, kAtOnce, String(count)]);
const middle = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const spread = (list) => `${middle(list).toFixed(1)} (${Math.min(...list).toFixed(1)} to ${Math.max(...list).toFixed(1)})`;

try {
  const picture = await makePicture();
  writeFileSync(file, picture);
  console.log(`picture: 4000x3000, ${(picture.length / 1e6).toFixed(2)} MB`);
  const figures = { ours: [], theirs: [], ratios: [], oursCpu: [], theirsCpu: [], ratiosCpu: [] };
  let bytes = {};
  for (let round = 0; round < rounds; round++) {
    // Who begins changes, since a processor that has worked for a while is slower.
    const first = round % 2 === 0 ? ours(count) : theirs(count);
    const second = round % 2 === 0 ? theirs(count) : ours(count);
    const [a, b] = round % 2 === 0 ? [first, second] : [second, first];
    figures.ours.push(a.per_second);
    figures.theirs.push(b.per_second);
    figures.ratios.push(a.per_second / b.per_second);
    figures.oursCpu.push(a.cpu_ms_each);
    figures.theirsCpu.push(b.cpu_ms_each);
    figures.ratiosCpu.push(b.cpu_ms_each / a.cpu_ms_each);
    bytes = { ours: a.cover_bytes, theirs: b.cover_bytes };
  }
  console.log(`covers a second, two at once, median (spread) of ${rounds} rounds of ${count}`);
  console.log(`  atelier-media  ${spread(figures.ours)}, ${bytes.ours} bytes each`);
  console.log(`  sharp          ${spread(figures.theirs)}, ${bytes.theirs} bytes each`);
  console.log(`processor time each, ms`);
  console.log(`  atelier-media  ${spread(figures.oursCpu)}`);
  console.log(`  sharp          ${spread(figures.theirsCpu)}`);
  console.log(`ours to sharp's, of covers a second and of processor time`);
  console.log(`  processor      ${middle(figures.ratiosCpu).toFixed(2)} (${Math.min(...figures.ratiosCpu).toFixed(2)} to ${Math.max(...figures.ratiosCpu).toFixed(2)})`);
  console.log(`  covers                  ${middle(figures.ratios).toFixed(2)} (${Math.min(...figures.ratios).toFixed(2)} to ${Math.max(...figures.ratios).toFixed(2)})`);
  if (long > 0) {
    const { worker_mib: memory } = ours(long);
    console.log(`memory of the larger worker after each tenth of ${long}, MiB: ${memory.map((mib) => mib.toFixed(0)).join(' ')}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
