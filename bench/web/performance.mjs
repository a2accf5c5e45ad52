// How soon does the page of performance show something where there are 90 days of figures, and how soon a stretch that is zoomed into?
// Usage: node performance.mjs [--bin DIR] [--rounds 7] [--routes 75]
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { launch, option, spread, Studio } from './rig.mjs';

const rounds = Number(option('rounds', 7));
const routes = Number(option('routes', 75));
const studio = await Studio.start(resolve(option('bin', '../../build/release/bin')));
const browser = await launch();
const ms = (values) => `${spread(values)} ms`;

// When what is looked for was first painted, as the page's own clock has it.
function watchFirsts() {
  const firsts = (window.firsts = {});
  const found = {
    objectives: () => document.querySelector('[role=meter]'),
    budgets: () => document.querySelector('article .figure'),
    // A line is there once its legend tells a figure.
    chart: () => document.querySelector('[aria-labelledby=panel-allRequests] .u-over') && /\d/.test(document.querySelector('[aria-labelledby=panel-allRequests] td')?.textContent ?? ''),
  };
  const look = () => {
    for (const [name, is] of Object.entries(found)) if (!(name in firsts) && is()) firsts[name] = performance.now();
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

try {
  await studio.without((folder) => console.log(execFileSync('python3', [resolve(import.meta.dirname, 'seed_figures.py'), folder, String(routes)], { encoding: 'utf8' }).trim()));
  const figures = { objectives: [], budgets: [], chart: [], zoom: [] };
  for (let round = 0; round < rounds; round += 1) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 1500 } }); // the first chart is in sight at once
    const page = await context.newPage();
    await page.addInitScript(watchFirsts);
    await page.goto(`${studio.url}/performance?range=90d`);
    await page.waitForFunction(() => 'chart' in window.firsts, undefined, { polling: 20 });
    const firsts = await page.evaluate(() => window.firsts);
    for (const name of ['objectives', 'budgets', 'chart']) figures[name].push(firsts[name]);
    await page.waitForTimeout(1500);
    // From letting go of the mouse until the answer is drawn: only with it do points stand otherwise apart.
    const timed = async (act) => {
      await page.evaluate(() => {
        const text = () => [...document.querySelectorAll('.told span')].map((span) => span.textContent).find((told) => told.startsWith('a point'));
        const before = text();
        window.changed = new Promise((done) => {
          const look = () => (text() !== before ? done(performance.now()) : requestAnimationFrame(look));
          look();
        });
      });
      const begun = await act();
      return (await page.evaluate(() => window.changed)) - begun;
    };
    const box = await page.locator('[aria-labelledby=panel-allRequests] .u-over').boundingBox();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.7, box.y + 40, { steps: 4 });
    figures.zoom.push(await timed(async () => {
      const begun = await page.evaluate(() => performance.now());
      await page.mouse.up();
      await page.mouse.move(10, 10);
      return begun;
    }));
    await context.close();
  }
  console.log(`the page of performance, 90 days, ${routes} routes, ${rounds} rounds, median (least to most)`);
  console.log(`  objectives, cold     ${ms(figures.objectives)}   500`);
  console.log(`  budgets, cold        ${ms(figures.budgets)}`);
  console.log(`  first chart, cold    ${ms(figures.chart)}   500`);
  console.log(`  a stretch zoomed to  ${ms(figures.zoom)}   200`);
} finally {
  await browser.close();
  studio.stop();
}
