// An alert for real: a provider that refuses our key. It is told wherever an administrator is, stands on the page of performance with what to do and what was seen, and is silenced and resolved there.
import AxeBuilder from '@axe-core/playwright';
import { withDouble } from './lab';
import { expect, expectNoSidewaysScroll, test } from './studio';

test.use({ name: 'alerts' });
const double = withDouble();

test('a provider that refuses our key is told of, looked at, silenced and resolved', async ({ page }) => {
  await page.goto('/settings');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  const added = await page.request.post('/api/providers', { data: { name: 'worn', preset: 'openai', base_url: `${double.url}/openai/v1`, key: 'sk-worn', is_free: true } });
  expect(added.ok()).toBe(true);
  await page.request.post('/v1/chat/completions', { data: { model: 'worn/double', messages: [{ role: 'user', content: 'hi' }] } });

  // Wherever they are: in words, and as a mark.
  const notice = page.getByText(/^Alert: worn refuses our key or account/);
  await expect(notice).toBeVisible({ timeout: 10_000 });
  await expect(notice).toHaveCount(1); // told at once and kept: seen once
  await expect(page.getByRole('link', { name: /^Performance ?, 1 alert$/ })).toBeVisible();
  await page.getByRole('button', { name: 'Look', exact: true }).click();

  const alerts = page.getByRole('region', { name: 'Alerts' });
  const row = alerts.getByRole('listitem').filter({ hasText: 'worn refuses our key or account, for double.' });
  await expect(row).toContainText('Look now.');
  await expect(row).toContainText('first seen');
  await expect(row.getByRole('link', { name: /^What to do/ })).toHaveAttribute('href', '/help/operations#alert-provider-refuses-our-key');
  expect((await new AxeBuilder({ page }).include('section[aria-labelledby="alerts"]').analyze()).violations).toEqual([]);
  await expectNoSidewaysScroll(page);

  // However many there are, and however late they are told: nothing that can be read is pushed away by them.
  const crowded = await page.context().newPage();
  await crowded.addInitScript(() => {
    Object.assign(window, { shift: 0 });
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => ((window as unknown as { shift: number }).shift += (entry as unknown as { value: number }).value))).observe({ type: 'layout-shift', buffered: true });
  });
  await crowded.route(/\/api\/performance\/alerts\?/, async (route) => {
    const response = await route.fetch();
    const told = (await response.json()) as { items: { id: string }[] };
    await new Promise((resolve) => setTimeout(resolve, 400));
    await route.fulfill({ response, json: { ...told, items: Array.from({ length: 6 }, (_, i) => ({ ...told.items[0], id: `alert${i}` })) } });
  });
  await crowded.goto('/performance');
  await expect(crowded.getByRole('region', { name: 'Alerts' }).getByRole('listitem')).toHaveCount(6);
  await expect(crowded.getByRole('heading', { name: 'Objectives' })).toBeVisible();
  expect(await crowded.evaluate(() => (window as unknown as { shift: number }).shift)).toBeLessThan(0.02);
  await crowded.close();

  await row.getByRole('button', { name: /^Evidence/ }).click();
  const evidence = page.getByRole('dialog', { name: 'Evidence' });
  await expect(evidence).toContainText('Measured');
  await expect(evidence).toContainText('fired');
  await page.keyboard.press('Escape');

  const menu = row.getByRole('button', { name: /^More for/ });
  await menu.click();
  await page.getByRole('menuitem', { name: 'Silence for an hour' }).click();
  await expect(row).toContainText(/Silent until .*, by an administrator/);
  await menu.click();
  await page.getByRole('menuitem', { name: 'End the silence' }).click();
  await expect(row).not.toContainText('Silent until');
  // And why: whoever looks at it meanwhile reads it.
  await menu.click();
  await page.getByRole('menuitem', { name: 'Silence, saying why' }).click();
  const form = page.getByRole('dialog', { name: 'Silence an alert' });
  await form.getByRole('combobox', { name: 'For' }).selectOption('7 days');
  await form.getByRole('textbox', { name: 'Why' }).fill('x'.repeat(501));
  await form.getByRole('button', { name: 'Silence it' }).click();
  await expect(form.getByRole('textbox', { name: 'Why' })).toHaveAttribute('aria-invalid', 'true');
  await form.getByRole('textbox', { name: 'Why' }).fill('The key is replaced on Monday.');
  expect((await new AxeBuilder({ page }).include('dialog').analyze()).violations).toEqual([]);
  await form.getByRole('button', { name: 'Silence it' }).click();
  await expect(form).toHaveCount(0);
  await expect(row).toContainText('The key is replaced on Monday.');
  await menu.click();
  await page.getByRole('menuitem', { name: 'End the silence' }).click();
  await expect(row).not.toContainText('Silent until');
  await menu.click();
  await page.getByRole('menuitem', { name: 'Resolve' }).click();
  await expect(alerts.getByText('Nothing is wrong.')).toBeVisible();
  await alerts.getByRole('button', { name: 'Earlier ones' }).click();
  await expect(alerts.getByRole('listitem')).toContainText('Resolved. worn refuses our key');
  await expect(page.getByRole('link', { name: 'Performance', exact: true }).first()).toBeVisible();

  // The manual says what to do.
  await page.goto('/help/operations#alert-provider-refuses-our-key');
  await expect(page.getByRole('heading', { name: 'Alert: provider refuses our key' })).toBeInViewport();
});
