// From what a person starts to its waterfall: one trace, from the page to the worker.
import AxeBuilder from '@axe-core/playwright';
import { create, expect, expectNoSidewaysScroll, renderToEnd, test, themes } from './studio';

test.use({ name: 'traces', actionTimeout: 10_000 });

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

test('a render is followed from the press to the worker', async ({ page, browser, studio }) => {
  const id = await create(page, '# Traced\n\nThe lamp is lit.');
  const pressed = page.waitForRequest((sent) => sent.url().endsWith('/render'));
  await page.goto(`/shorts/${id}`);
  await renderToEnd(page);
  const trace = /^00-([0-9a-f]{32})-[0-9a-f]{16}-01$/.exec((await (await pressed).allHeaders())['traceparent'] ?? '')?.[1];
  expect(trace, 'the page began the trace').toBeDefined();
  const { items } = (await (await page.request.get('/api/runs?kind=production.render')).json()) as { items: { id: string }[] };
  await expect(async () => expect(await (await page.request.get(`/api/performance/traces/${trace}`)).text()).toContain('"run production.render"')).toPass(); // written once a second

  await page.goto(`/activity?run=${items[0]!.id}`);
  await page.getByRole('link', { name: 'Where its time went' }).click();
  await expect(page).toHaveURL(new RegExp(`/performance\\?trace=${trace}$`));
  const tree = page.getByRole('dialog').getByRole('tree');
  const row = (name: RegExp) => tree.getByRole('treeitem', { name });
  const run = row(/^run production\.render, took /);
  await expect(run).toHaveAttribute('aria-level', /[12]/); // a quick request above it is kept where few came in that second
  const level = Number(await run.getAttribute('aria-level'));
  await expect(run).toHaveAttribute('aria-expanded', 'true');
  await expect(row(/^step story\.\w+ /).first()).toHaveAttribute('aria-level', String(level + 1));
  await expect(page.getByRole('dialog').getByText(/^\d+ spans$/)).toBeVisible();

  // By keyboard: into the run, its facts, and it is folded.
  await run.click();
  await expect(page.getByRole('region', { name: 'Facts of the span' }).getByRole('link', { name: items[0]!.id })).toHaveAttribute('href', `/activity?run=${items[0]!.id}`);
  await tree.focus();
  await tree.press('Enter');
  await expect(page.getByRole('heading', { name: 'run production.render', level: 3 })).toBeFocused();
  await tree.focus();
  await tree.press('ArrowLeft');
  await expect(run).toHaveAttribute('aria-expanded', 'false');
  await expect(row(/^step story/)).toHaveCount(0);
  await tree.press('ArrowRight');
  await tree.press('ArrowRight');
  await expect(run).toHaveAttribute('aria-selected', 'false');
  await tree.press('z');
  await expect(page.getByRole('button', { name: 'Whole trace' })).toBeVisible();
  for (const colorScheme of themes) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page }).include('dialog').withTags(tags).analyze();
    expect(violations.map(({ id: rule, nodes }) => `${colorScheme} ${rule}: ${nodes.map((node) => `${node.target.join(' ')} ${node.failureSummary ?? ''}`).join(' | ')}`)).toEqual([]);
  }
  await page.goBack();
  await expect(page).toHaveURL(/\/activity/);

  // And from the list: the slowest of what ran, which a way back leads to again.
  await page.goto('/performance?order=slowest');
  const list = page.getByRole('region', { name: 'Requests and runs' });
  // What lies beneath comes when it is nearly in sight.
  for (const above of [page.getByRole('heading', { name: 'Requests', exact: true, level: 2 }), page.getByRole('table', { name: /routes? that answered/ }), list]) await above.scrollIntoViewIfNeeded();
  await list.getByRole('combobox', { name: 'Of' }).selectOption('run production.render');
  await expect(page).toHaveURL(/of=run/);
  await list.getByRole('link', { name: /^run production\.render, / }).click();
  await expect(tree.getByRole('treeitem').first()).toBeVisible();
  await page.goBack();
  await expect(tree).toHaveCount(0);
  await expect(page).toHaveURL(/\/performance\?order=slowest&of=/);

  const phone = await browser.newPage({ baseURL: studio.url, viewport: { width: 375, height: 812 } });
  await phone.goto(`/performance?trace=${trace}`);
  await expect(phone.getByRole('tree').getByRole('treeitem').first()).toBeVisible();
  await expectNoSidewaysScroll(phone);
  expect(await phone.getByRole('dialog').evaluate((dialog) => dialog.scrollWidth - dialog.clientWidth)).toBeLessThanOrEqual(0);
  await phone.getByRole('button', { name: 'Close', exact: true }).click();
  await expect(phone).toHaveURL(/\/performance$/);
  await phone.close();
});

test('a trace that is not known says so', async ({ page }) => {
  await page.goto(`/performance?trace=${'a'.repeat(32)}`);
  await expect(page.getByRole('dialog').getByText('The trace could not be read')).toBeVisible();
});
