// The library with 100,000 assets: how soon the first picture is there, what a screenful weighs, and the longest frame while the list is
// scrolled: by the wheel as one looks, and as fast as the bar at its edge is drawn from one end to the other.
//
// A frame is what requestAnimationFrame saw, which a busy machine lengthens; beside it the longest task of the page's main thread, in
// processor time and by the clock, from a trace.
//
// Usage: node library.mjs [--bin DIR] [--assets N] [--rounds N]
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Studio, launch, option, spread } from './rig.mjs';

const FILES = 300; // of which all the others are made: rows of their own, previews shared
const WHEEL_S = 6, WHEEL_PX = 120, WHEEL_EVERY_MS = 50; // 2,400 px a second
const DRAWN_S = 8;

const here = dirname(fileURLToPath(import.meta.url));
const count = Number(option('assets', 100_000));
const rounds = Number(option('rounds', 5));
const ms = (values) => `${spread(values, 0)} ms`;

// Pictures as cameras make them in size and detail, drawn by the browser.
async function upload(page, url) {
  await page.goto(`${url}/api/session`);
  await page.evaluate(async (files) => {
    const next = async (number) => {
      const [width, height] = [[1500, 1000], [1000, 1500], [1200, 1200]][number % 3];
      const canvas = new OffscreenCanvas(width, height);
      const pen = canvas.getContext('2d');
      let state = number * 7919 + 13;
      const random = () => (state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) / 0x7fffffff;
      const sky = pen.createLinearGradient(0, 0, width, height);
      for (const stop of [0, 0.5, 1]) sky.addColorStop(stop, `hsl(${random() * 360} 55% ${25 + random() * 50}%)`);
      pen.fillStyle = sky;
      pen.fillRect(0, 0, width, height);
      for (let spot = 0; spot < 900; spot += 1) {
        pen.fillStyle = `hsl(${random() * 360} 50% ${random() * 100}% / .5)`;
        pen.beginPath();
        pen.arc(random() * width, random() * height, 4 + random() ** 3 * 120, 0, 7);
        pen.fill();
      }
      const body = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.85 });
      const answer = await fetch(`/api/assets?name=photo-${number}.jpg`, { method: 'POST', headers: { 'content-type': 'image/jpeg' }, body });
      if (!answer.ok) throw new Error(await answer.text());
    };
    for (let number = 0; number < files; number += 1) await next(number);
  }, FILES);
}
async function previewsOf(studio) {
  for (;;) {
    const { items } = await studio.ask('GET', '/api/assets/rows?limit=200');
    const { items: others } = await studio.ask('GET', '/api/assets/rows?limit=200&skip=200');
    if ([...items, ...others].every(({ preview_state: state }) => state === 'ready')) return;
    await new Promise((done) => setTimeout(done, 500));
  }
}

const tellFirst = () => {
  const look = () => {
    const image = [...document.querySelectorAll('[role=gridcell] img')].find((each) => each.complete && each.naturalWidth > 0);
    if (image) requestAnimationFrame((painted) => (window.firstPicture = painted));
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
};
const settled = async (page) => page.waitForFunction(() => {
  const images = [...document.querySelectorAll('[role=gridcell] img')];
  return images.length > 0 && images.every((each) => each.complete && each.naturalWidth > 0);
}, undefined, { polling: 100 });

// The page's frames while `work` goes on, and the longest task of its main thread.
async function watched(browser, page, work) {
  await browser.startTracing(page, { categories: ['toplevel', 'disabled-by-default-devtools.timeline'] });
  await page.evaluate(() => {
    const seen = (window.seen = { frames: [], isOver: false });
    let last = performance.now();
    const step = (now) => {
      seen.frames.push(now - last);
      last = now;
      if (!seen.isOver) requestAnimationFrame(step);
    };
    requestAnimationFrame((now) => {
      last = now;
      requestAnimationFrame(step);
    });
  });
  await work();
  const frames = await page.evaluate(() => ((window.seen.isOver = true), window.seen.frames));
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
  const threadOf = ({ pid, tid }) => `${pid}/${tid}`;
  const main = new Set(traceEvents.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(threadOf));
  const tasks = traceEvents.filter((event) => event.name.endsWith('RunTask') && main.has(threadOf(event)));
  const longest = (of) => Math.max(...tasks.map((event) => event[of] ?? 0)) / 1000;
  return { frames, longestMs: Math.max(...frames), taskMs: longest('dur'), taskCpuMs: longest('tdur') };
}

const wheel = async (page) => {
  await page.mouse.move(800, 500);
  for (let turn = 0; turn < (WHEEL_S * 1000) / WHEEL_EVERY_MS; turn += 1) {
    await page.mouse.wheel(0, WHEEL_PX);
    await page.waitForTimeout(WHEEL_EVERY_MS);
  }
};
const drawn = (page) => page.evaluate((seconds) => new Promise((done) => {
  const view = document.querySelector('[role=grid]');
  const began = performance.now();
  const step = (now) => {
    const share = Math.min(1, (now - began) / (seconds * 1000));
    view.scrollTop = share * (view.scrollHeight - view.clientHeight);
    if (share < 1) requestAnimationFrame(step);
    else done();
  };
  requestAnimationFrame(step);
}), DRAWN_S);

const studio = await Studio.start(option('bin', '../../build/release/bin'));
const browser = await launch();
try {
  const maker = await browser.newPage();
  await upload(maker, studio.url);
  await maker.close();
  await previewsOf(studio);
  await studio.without((folder) => execFileSync('python3', [join(here, 'seed_assets.py'), folder, String(count)], { stdio: 'inherit' }));

  const figures = { first: [], pictures: [], screenful: [], all: [], wheel: [], wheelTask: [], wheelCpu: [], drawn: [], drawnTask: [], drawnCpu: [], over: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, serviceWorkers: 'block' });
    const page = await context.newPage();
    const devtools = await context.newCDPSession(page);
    const kinds = new Map();
    const bytes = { Image: 0, all: 0 };
    await devtools.send('Network.enable');
    devtools.on('Network.responseReceived', ({ requestId, type }) => kinds.set(requestId, type));
    devtools.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
      bytes.all += encodedDataLength;
      if (kinds.get(requestId) === 'Image') bytes.Image += encodedDataLength;
    });
    await page.addInitScript(tellFirst);
    await page.goto(`${studio.url}/library`);
    await page.waitForFunction(() => window.firstPicture, undefined, { polling: 20 });
    figures.first.push(await page.evaluate(() => window.firstPicture));
    await settled(page);
    await page.waitForTimeout(500);
    figures.pictures.push(await page.locator('[role=gridcell] img').count());
    figures.screenful.push(bytes.Image / 1000);
    figures.all.push(bytes.all / 1000);

    const byWheel = await watched(browser, page, () => wheel(page));
    const byBar = await watched(browser, page, () => drawn(page));
    await settled(page);
    figures.wheel.push(byWheel.longestMs);
    figures.wheelTask.push(byWheel.taskMs);
    figures.wheelCpu.push(byWheel.taskCpuMs);
    figures.drawn.push(byBar.longestMs);
    figures.drawnTask.push(byBar.taskMs);
    figures.drawnCpu.push(byBar.taskCpuMs);
    figures.over += [...byWheel.frames, ...byBar.frames].filter((frame) => frame > 50).length;
    await context.close();
  }
  console.log(`the library, ${count} assets, ${rounds} rounds, median (least to most)`);
  console.log(`  first picture, cold           ${ms(figures.first)}   aim 500`);
  console.log(`  a screenful, 1280x800         ${spread(figures.pictures)} pictures, ${spread(figures.screenful)} kB; all the page loads: ${spread(figures.all)} kB   aim 1000`);
  console.log(`  wheel: longest frame          ${ms(figures.wheel)}; task ${ms(figures.wheelTask)}, of the processor ${ms(figures.wheelCpu)}   aim 50`);
  console.log(`  end to end in ${DRAWN_S} s: longest frame ${ms(figures.drawn)}; task ${ms(figures.drawnTask)}, of the processor ${ms(figures.drawnCpu)}   aim 50`);
  console.log(`  frames over 50 ms             ${figures.over} in ${rounds} rounds`);
} finally {
  await browser.close();
  studio.stop();
}
