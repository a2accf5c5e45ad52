// Lighthouse on the chat room with a thread of 200 messages, as on a telephone and as at a desk: the median of so many runs.
//
// Usage: node lighthouse.mjs [--bin DIR] [--runs N]
import lighthouse, { desktopConfig } from 'lighthouse';
import { Studio, freePort, launch, median, option, prose, spread } from './rig.mjs';

const MESSAGES = 200;
const AUDITS = { FCP: 'first-contentful-paint', LCP: 'largest-contentful-paint', TBT: 'total-blocking-time', CLS: 'cumulative-layout-shift', SI: 'speed-index' };
const AIMS = {
  mobile: { score: '>= .98', FCP: '<= 1000', LCP: '<= 1700', TBT: '<= 120', CLS: '0' },
  desktop: { score: '1', LCP: '<= 450', TBT: '0' },
};
const HARD = {
  mobile: { score: '>= .95', FCP: '<= 1300', LCP: '<= 2100', TBT: '<= 250', CLS: '<= .01' },
  desktop: { score: '>= .99', LCP: '<= 700', TBT: '<= 50' },
};

const studio = await Studio.start(option('bin', '../../build/release/bin'));
const runs = Number(option('runs', 5));
try {
  const thread = await studio.thread(MESSAGES, prose);
  const port = await freePort();
  for (const [form, config] of [['mobile', undefined], ['desktop', desktopConfig]]) {
    const figures = { score: [], bytes: [], requests: [] };
    for (let run = 0; run < runs; run += 1) {
      const browser = await launch(`--remote-debugging-port=${port}`);
      const { lhr } = await lighthouse(`${studio.url}/c/${thread}`, { port, onlyCategories: ['performance'], logLevel: 'error' }, config);
      await browser.close();
      if (lhr.runtimeError) throw new Error(lhr.runtimeError.message);
      figures.score.push(lhr.categories.performance.score);
      for (const [name, audit] of Object.entries(AUDITS)) (figures[name] ??= []).push(lhr.audits[audit].numericValue);
      const requests = lhr.audits['network-requests'].details.items;
      figures.requests.push(requests.length);
      figures.bytes.push(requests.reduce((sum, { transferSize }) => sum + transferSize, 0) / 1000);
    }
    console.log(`${form}, ${runs} runs, a thread of ${MESSAGES} messages`);
    for (const [name, values] of Object.entries(figures)) {
      const digits = name === 'score' ? 2 : name === 'CLS' ? 4 : 0;
      console.log(`  ${name.padEnd(9)} ${spread(values, digits).padEnd(28)} aim ${(AIMS[form][name] ?? '').padEnd(9)} hard ${HARD[form][name] ?? ''}`);
    }
  }
} finally {
  studio.stop();
}
