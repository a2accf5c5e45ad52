// The page with a thread of 10,000 messages (20 MB) that an answer is added to at 100 tokens a second: opening, scrolling, typing, and what
// a token changes on the page; then its memory after 50 threads of 200 messages were opened and left.
//
// Frames are what requestAnimationFrame saw; a keypress to its paint is the Event Timing API's (told in steps of 8 ms); a task is a long one from 50 ms.
//
// Usage: node thread.mjs [--bin DIR] [--rounds N] [--slowed 1] (times by which the processor is slowed, as the browser does it)
import { Studio, launch, median, option, prose, quantile, spread } from './rig.mjs';

const MESSAGES = 10_000, MESSAGE_BYTES = 2_000;
const TOKENS = 1_200, TOKEN_GAP_MS = 10;
const THREADS = 50, THREAD_MESSAGES = 200, WARM_THREADS = 10;
const LINES_TYPED = 'Typed while it is said, and not held up by what is said meanwhile.';

const long = (number) => `${number}: ${prose(number)}\n\n${'It goes on for a while, as letters do. '.repeat(60)}`.slice(0, MESSAGE_BYTES);
const ms = (values) => `${spread(values, 0)} ms`;
const longestOf = (values) => values.reduce((longest, one) => Math.max(longest, one), 0);

// What the page tells of itself between two moments: frames, long tasks, and how long keys took to be painted.
async function watched(page, work) {
  await page.evaluate(() => {
    const seen = (window.seen = { frames: [], tasks: [], keys: [], isOver: false });
    seen.observers = [['longtask', {}, ({ duration }) => seen.tasks.push(duration)], ['event', { durationThreshold: 16 }, ({ name, duration }) => name === 'keydown' && seen.keys.push(duration)]].map(([type, more, take]) => {
      const observer = new PerformanceObserver((list) => list.getEntries().forEach(take));
      observer.observe({ type, ...more });
      return observer;
    });
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
  return page.evaluate(() => {
    window.seen.isOver = true;
    window.seen.observers.forEach((observer) => observer.disconnect());
    const { frames, tasks, keys } = window.seen;
    return { frames, tasks, keys };
  });
}

// From the press on a thread in the list to the frame in which its last message stands.
const opening = (page, id, text) => page.evaluate(([id, text]) => new Promise((done) => {
  const link = [...document.querySelectorAll('a')].find(({ href }) => href.endsWith(`/c/${id}`));
  const began = performance.now();
  const look = () => ([...document.querySelectorAll('article')].at(-1)?.textContent.includes(text) ? requestAnimationFrame(() => setTimeout(() => done(performance.now() - began))) : requestAnimationFrame(look));
  link.click();
  look();
}), [id, text]);

const heap = async (devtools) => {
  for (let turn = 0; turn < 3; turn += 1) await devtools.send('HeapProfiler.collectGarbage');
  const { metrics } = await devtools.send('Performance.getMetrics');
  const of = (name) => metrics.find((one) => one.name === name).value;
  return { bytes: of('JSHeapUsedSize'), nodes: of('Nodes'), listeners: of('JSEventListeners') };
};

const studio = await Studio.start(option('bin', '../../build/release/bin'));
const browser = await launch();
try {
  const id = await studio.thread(MESSAGES, long, `lab/double@token-gap=${TOKEN_GAP_MS}`);
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: Number(option('slowed', 1)) });
  const box = page.getByRole('textbox', { name: 'Message', exact: true });
  const articles = page.getByRole('region', { name: 'Messages' }).getByRole('article');
  await page.goto(`${studio.url}/c`);
  await page.getByRole('navigation', { name: 'Threads' }).getByRole('listitem').first().waitFor();
  await page.waitForTimeout(2000);

  const rounds = Number(option('rounds', 5));
  const opened = [], tasks = [];
  for (let round = 0; round < rounds; round += 1) {
    await page.goto(`${studio.url}/c`);
    await page.getByRole('navigation', { name: 'Threads' }).getByRole('listitem').first().waitFor();
    await page.waitForTimeout(1000);
    const seen = await watched(page, async () => {
      opened.push(await opening(page, id, `${MESSAGES}: `));
      await page.waitForTimeout(500);
    });
    tasks.push(longestOf(seen.tasks));
  }
  console.log(`a thread of ${MESSAGES} messages, opened ${rounds} times: readable after ${ms(opened)} (bound 300); longest task ${longestOf(tasks).toFixed(0)} ms`);

  await articles.last().hover();
  const scrolling = await watched(page, async () => {
    for (let turn = 0; turn < 60; turn += 1) {
      await page.mouse.wheel(0, -400);
      await page.waitForTimeout(50);
    }
  });
  console.log(`scrolled up ${await articles.count()} messages: frames ${median(scrolling.frames).toFixed(1)} ms, longest ${longestOf(scrolling.frames).toFixed(0)} ms (bound 50); longest task ${longestOf(scrolling.tasks).toFixed(0)} ms`);
  await page.reload();
  await articles.last().waitFor();
  await page.waitForTimeout(1000);

  await box.fill(`[say ${TOKENS}]`);
  await box.press('Enter');
  await articles.last().getByText('t5 ').waitFor();
  await page.evaluate(() => {
    const region = document.querySelector('[aria-label="Messages"]') ?? document.body;
    const last = [...region.querySelectorAll('article')].at(-1);
    window.changes = { elsewhere: 0, blocks: new Set(), count: 0 };
    new MutationObserver((records) => records.forEach(({ target }) => {
      const element = target.nodeType === 1 ? target : target.parentElement;
      window.changes.count += 1;
      if (!last.contains(element)) window.changes.elsewhere += 1;
      else window.changes.blocks.add(element);
    })).observe(region, { subtree: true, childList: true, characterData: true });
  });
  const typed = await watched(page, async () => {
    for (let turn = 0; turn < 2; turn += 1) await box.pressSequentially(LINES_TYPED, { delay: 60 });
  });
  const changes = await page.evaluate(() => ({ elsewhere: window.changes.elsewhere, blocks: window.changes.blocks.size, count: window.changes.count }));
  if ((await box.inputValue()) !== LINES_TYPED.repeat(2) || changes.count === 0) throw new Error('what was typed is not in the box, or nothing was said meanwhile');
  // Keys that took less than 16 ms are not told.
  const keys = [...typed.keys, ...Array(Math.max(0, 2 * LINES_TYPED.length - typed.keys.length)).fill(8)];
  console.log(`typed while ${1000 / TOKEN_GAP_MS} tokens a second came: a key is painted after p50 ${median(keys)}, p98 ${quantile(keys, 0.98)}, at most ${longestOf(keys)} ms (bound 50); longest frame ${longestOf(typed.frames).toFixed(0)} ms, longest task ${longestOf(typed.tasks).toFixed(0)} ms (bound 50)`);
  console.log(`the page was changed ${changes.count} times meanwhile: ${changes.elsewhere} outside of the message, in ${changes.blocks} elements of it`);

  const threads = [];
  for (let at = 0; at < THREADS; at += 1) threads.push(await studio.thread(THREAD_MESSAGES, prose));
  const visit = async (list) => {
    for (const one of list) {
      await page.evaluate((path) => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')); }, `/c/${one}`);
      await articles.last().getByText(`Lamp ${THREAD_MESSAGES}`).waitFor();
      await page.mouse.wheel(0, -3000);
      await page.waitForTimeout(150);
    }
    await page.evaluate(() => { history.pushState(null, '', '/c'); dispatchEvent(new PopStateEvent('popstate')); });
    await page.getByText('What would you like to know?').waitFor();
    await page.waitForTimeout(500);
    return heap(devtools);
  };
  await page.goto(`${studio.url}/c`);
  await devtools.send('Performance.enable');
  const before = await visit(threads.slice(0, WARM_THREADS));
  const after = await visit(threads);
  const mib = ({ bytes }) => (bytes / 1048576).toFixed(2);
  console.log(`memory of the page after ${WARM_THREADS} threads ${mib(before)} MiB, after ${THREADS} more ${mib(after)} MiB (${(100 * (after.bytes / before.bytes - 1)).toFixed(0)} %, bound 20); nodes ${before.nodes} and ${after.nodes}, listeners ${before.listeners} and ${after.listeners}`);
} finally {
  await browser.close();
  studio.stop();
}
