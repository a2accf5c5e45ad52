// A sound of two hours in the library's page: from the press on play to sound, what it adds to the page's memory, what is fetched of it,
// and how long its waveform takes to draw.
//
// Sound is there when the element says `playing` and its clock has moved on, counted from before the press is sent to the browser; that
// what is played is not silent is checked apart, in the last round of each format. Memory is what the pages' processes have allocated (PSS
// without mapped files, whose share depends on who else runs a browser; the JavaScript heap is part of it): before, with the library open
// and its garbage collected; its most while the sound is opened, ten seconds of it played and 1:59:00 sought and played; and in the end,
// collected again.
//
// Usage: node long_audio.mjs [--bin DIR] [--rounds N] [--formats mp3,m4a,ogg] (flac and wav too)
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, openAsBlob, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Studio, launch, median, option, spread } from './rig.mjs';

const MINUTES = 120;
const SEEK_S = 119 * 60;
const PLAYED_MS = 10_000, SETTLED_MS = 3000;
const PLAY_PX = 28; // from the player's edge to its button
const AIM_MS = 500, AIM_MIB = 50;
// Container and codec, and where it is hard: m4a has its index at the end, ogg has none, wav weighs 1.2 GiB.
const CODECS = { mp3: ['libmp3lame', '-b:a', '64k'], m4a: ['aac', '-b:a', '64k'], ogg: ['libopus', '-b:a', '64k'], flac: ['flac'], wav: ['pcm_s16le'] };
const formats = option('formats', 'mp3,m4a,ogg').split(',');
const rounds = Number(option('rounds', 10));
const ms = (values) => `${spread(values, 0)} ms`;

// A minute of something like speech over noise, over and over.
function make(folder, format) {
  const minute = join(folder, `minute.${format}`), whole = join(folder, `two-hours.${format}`);
  const quiet = ['-hide_banner', '-loglevel', 'error', '-y'];
  const voice = "aevalsrc='0.3*sin(2*PI*180*t)*abs(sin(2*PI*0.7*t))+0.2*sin(2*PI*410*t)*abs(sin(2*PI*0.31*t))+0.05*random(0)':s=48000:d=60";
  execFileSync('ffmpeg', [...quiet, '-f', 'lavfi', '-i', voice, '-ac', '2', '-c:a', ...CODECS[format], minute]);
  const codec = format === 'flac' ? ['flac'] : ['copy']; // flac says how long it is before it begins, and a copy would not change that
  execFileSync('ffmpeg', [...quiet, '-stream_loop', String(MINUTES - 1), '-i', minute, '-c', ...codec, whole]);
  return whole;
}

async function upload(studio, path, format) {
  const began = performance.now();
  const response = await fetch(`${studio.url}/api/assets?name=two-hours.${format}`, { method: 'POST', headers: { 'content-type': 'application/octet-stream' }, body: await openAsBlob(path) });
  if (!response.ok) throw new Error(`${format}: ${response.status} ${await response.text()}`);
  const { id } = await response.json();
  const uploaded = performance.now();
  for (;;) {
    const asset = await studio.ask('GET', `/api/assets/${id}`);
    if (asset.previews?.state === 'ready') return { asset, uploadMs: uploaded - began, peaksMs: performance.now() - uploaded };
    if (asset.previews?.state === 'refused') throw new Error(`${format}: ${asset.previews.problem}`);
    await new Promise((done) => setTimeout(done, 200));
  }
}

// The moment at which the element plays, has found its place, and its clock is past `from`, by the clock of all processes.
const tellSound = (from) => {
  const audio = document.querySelector('dialog audio');
  window.sound = new Promise((done, failed) => {
    setTimeout(() => failed(new Error(`no sound within 20 s: at ${audio.currentTime}, ready ${audio.readyState}, paused ${audio.paused}, error ${audio.error?.message}`)), 20_000);
    let isPlaying = false;
    audio.addEventListener('playing', () => (isPlaying = true), { once: true });
    const look = setInterval(() => {
      if (!isPlaying || audio.seeking || audio.currentTime <= from) return;
      clearInterval(look);
      done({ atMs: performance.timeOrigin + performance.now(), duration: audio.duration });
    }, 2);
  });
};
// Between sending the press to the browser and sound.
async function pressed(page, x, y, from) {
  await page.evaluate(tellSound, from);
  await page.mouse.move(x, y);
  const began = performance.timeOrigin + performance.now();
  await page.mouse.down();
  await page.mouse.up();
  const { atMs, duration } = await page.evaluate(() => window.sound);
  return { ms: atMs - began, duration };
}
// From the last byte of the peaks to the waveform on the canvas.
const tellWave = () => {
  const look = () => {
    const canvas = document.querySelector('dialog canvas');
    const [peaks] = performance.getEntriesByType('resource').filter(({ name }) => /\/api\/assets\/.*\/peaks/.test(name));
    const isDrawn = peaks && canvas?.width > 0 && canvas.getContext('2d').getImageData(0, Math.floor(canvas.height / 2), canvas.width, 1).data.some((value) => value > 0);
    if (isDrawn) window.wave = { ms: performance.now() - peaks.responseEnd, bytes: peaks.decodedBodySize };
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
};
// The loudest sample that comes out in a second.
const loudness = () => {
  const audio = document.querySelector('dialog audio');
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaElementSource(audio).connect(analyser).connect(context.destination);
  const samples = new Float32Array(analyser.fftSize);
  return new Promise((done) => {
    let loudest = 0, looks = 0;
    const look = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      loudest = Math.max(loudest, ...samples.map(Math.abs));
      if (++looks === 20) {
        clearInterval(look);
        done(loudest);
      }
    }, 50);
  });
};

// Of those that are still there, without what is mapped from files.
const memoryIn = (pids) => pids.filter((pid) => existsSync(`/proc/${pid}`)).reduce((all, pid) => {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return [...rollup.matchAll(/^Pss_(?:Anon|Shmem):\s+(\d+)/gm)].reduce((sum, [, kib]) => sum + Number(kib) / 1024, all);
}, 0);
// Of pages, whether shown or kept in reserve.
async function pageProcesses(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
}
async function memoryOf(devtools, pids) {
  for (let turn = 0; turn < 2; turn += 1) await devtools.send('HeapProfiler.collectGarbage');
  const { metrics } = await devtools.send('Performance.getMetrics');
  return { mib: memoryIn(pids), heap: metrics.find(({ name }) => name === 'JSHeapUsedSize').value / 1048576 };
}

async function round(browser, studio, asset, isLast) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, serviceWorkers: 'block' });
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  const fetched = { bytes: 0, requests: 0 };
  const ours = new Set();
  await devtools.send('Network.enable');
  await devtools.send('Performance.enable');
  devtools.on('Network.requestWillBeSent', ({ requestId, request }) => {
    if (!request.url.includes(`/api/assets/${asset.id}/content`)) return;
    ours.add(requestId);
    fetched.requests += 1;
  });
  devtools.on('Network.dataReceived', ({ requestId, dataLength }) => ours.has(requestId) && (fetched.bytes += dataLength));
  try {
    await page.goto(`${studio.url}/library`);
    await page.locator('[role=gridcell]').first().waitFor();
    await page.waitForTimeout(SETTLED_MS);
    const pids = await pageProcesses(browser);
    const before = await memoryOf(devtools, pids);
    let most = 0;
    const sampling = setInterval(() => (most = Math.max(most, memoryIn(pids))), 250);

    await page.evaluate(tellWave);
    await page.locator('[role=gridcell]', { hasText: asset.name }).first().click();
    await page.locator('dialog audio').waitFor();
    await page.waitForFunction(() => window.wave, undefined, { polling: 20 });
    const wave = await page.evaluate(() => window.wave);
    await page.waitForTimeout(500);
    const opened = { ...fetched };

    const controls = await page.locator('dialog audio').boundingBox();
    const first = await pressed(page, controls.x + PLAY_PX, controls.y + controls.height / 2, 0);
    await page.waitForTimeout(PLAYED_MS);
    const canvas = await page.locator('dialog canvas').boundingBox();
    const sought = await pressed(page, canvas.x + (canvas.width * SEEK_S) / first.duration, canvas.y + canvas.height / 2, SEEK_S - 60);
    await page.waitForTimeout(SETTLED_MS);
    clearInterval(sampling);
    const after = await memoryOf(devtools, pids);
    return { first, sought, wave, before, after, most, opened, fetched, loudest: isLast ? await page.evaluate(loudness) : null };
  } finally {
    await context.close();
  }
}

const folder = mkdtempSync(join(tmpdir(), 'bench-sound-'));
const studio = await Studio.start(option('bin', '../../build/release/bin'));
const browser = await launch();
let isRight = true;
try {
  for (const format of formats) {
    const path = make(folder, format);
    const { asset, uploadMs, peaksMs } = await upload(studio, path, format);
    console.log(`${format}: ${(asset.duration_ms / 60_000).toFixed(1)} min, ${(statSync(path).size / 1e6).toFixed(0)} MB; taken in within ${(uploadMs / 1000).toFixed(1)} s, its peaks ${(peaksMs / 1000).toFixed(1)} s later`);
    rmSync(path);
    const all = [];
    for (let number = 1; number <= rounds; number += 1) all.push(await round(browser, studio, asset, number === rounds));
    const of = (pick) => all.map(pick);
    const [first, sought, more] = [of((one) => one.first.ms), of((one) => one.sought.ms), of((one) => one.most - one.before.mib)];
    console.log(`  from play to sound            ${ms(first)}   aim ${AIM_MS}`);
    console.log(`  from the press at 1:59:00     ${ms(sought)}`);
    console.log(`  memory of the page, most more ${spread(more, 1)} MiB; in the end ${spread(of((one) => one.after.mib - one.before.mib), 1)} MiB (JavaScript ${spread(of((one) => one.after.heap - one.before.heap), 1)}); before ${spread(of((one) => one.before.mib), 0)} MiB   aim ${AIM_MIB}`);
    console.log(`  fetched to open it            ${spread(of((one) => one.opened.bytes / 1e6), 2)} MB in ${spread(of((one) => one.opened.requests))} requests; in all ${spread(of((one) => one.fetched.bytes / 1e6), 2)} MB in ${spread(of((one) => one.fetched.requests))}`);
    console.log(`  waveform                      ${(all[0].wave.bytes / 1000).toFixed(0)} kB of peaks, drawn within ${ms(of((one) => one.wave.ms))} of their last byte; loudest sample heard ${all.at(-1).loudest.toFixed(2)}`);
    isRight &&= median(first) <= AIM_MS && median(more) <= AIM_MIB && all.at(-1).loudest > 0.05;
    await studio.ask('DELETE', `/api/assets/${asset.id}`);
  }
} finally {
  await browser.close();
  studio.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = isRight ? 0 : 1;
