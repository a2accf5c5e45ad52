// As bench_previews, by sharp: node sharp.mjs <file> <at once> <count>. One line of JSON.
import sharp from 'sharp';

const [file, atOnce, count] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
sharp.cache(false);
// A picture on each core is the fastest on all of them: libvips's own threads are for a single one.
sharp.concurrency(Number(process.env.SHARP_CONCURRENCY ?? 1));

let bytes = 0;
async function makeCovers(load) {
  while (load.given < load.count) {
    load.given++;
    const cover = await sharp(file)
      .rotate()
      .resize(320, 568, { fit: 'cover' })
      .jpeg({ quality: 80, chromaSubsampling: '4:2:0' })
      .toBuffer();
    bytes = cover.length;
  }
}
async function run(count) {
  const load = { given: 0, count };
  await Promise.all(Array.from({ length: atOnce }, () => makeCovers(load)));
}

await run(atOnce * 2);
const cpuBefore = process.cpuUsage();
const begun = performance.now();
await run(count);
const seconds = (performance.now() - begun) / 1000;
const cpu = process.cpuUsage(cpuBefore);
console.log(JSON.stringify({ per_second: count / seconds, cpu_ms_each: (cpu.user + cpu.system) / 1000 / count, cover_bytes: bytes, resident_mib: process.memoryUsage().rss / 2 ** 20 }));
