// The gateway's pages, with a provider that is the provider double.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import type { AccessKey, KeySettings } from '../../src/lib/api/gateway-types';
import { withDouble } from './lab';
import { expect, expectNoSidewaysScroll, shiftOf, test, watchShift, themes } from './studio';

test.use({ name: 'models' });
test.describe.configure({ mode: 'serial' });

const KEY = 'sk-double'; // the double asks for this one
const CANARY = 'sk-canary-never-to-be-seen';
const double = withDouble();

const rowOf = (page: Page, heading: string | RegExp) => page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: heading, exact: true }) });

test('a provider is added, and its models are there', async ({ page }) => {
  await page.goto('/models');
  await page.getByRole('button', { name: 'Add a provider' }).click();
  const form = page.getByRole('dialog', { name: 'Add a provider' });
  await form.getByRole('combobox', { name: 'Kind' }).selectOption({ label: 'OpenAI' });
  await expect(form.getByRole('textbox', { name: 'Name' }), 'named as its kind unless told').toHaveValue('openai');
  await form.getByRole('textbox', { name: 'Name' }).fill('Lab!');
  await form.getByRole('textbox', { name: 'Address' }).fill(`${double.url}/openai/v1`);
  await form.getByLabel('Key', { exact: true }).fill(CANARY);
  await form.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(form.getByRole('textbox', { name: 'Name' }), 'what is refused stands beside its field').toHaveAccessibleDescription(/lower-case letters/);
  await form.getByRole('textbox', { name: 'Name' }).fill('lab');
  await form.getByRole('checkbox', { name: 'Costs nothing' }).check();
  await form.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(form).toHaveCount(0);
  await expect(page.getByText('lab does not answer as it should')).toBeVisible();

  await page.getByRole('button', { name: 'Edit lab' }).click();
  const edit = page.getByRole('dialog', { name: 'Edit lab' });
  await expect(edit.getByLabel('Key', { exact: true }), 'a key never comes out').toHaveValue('');
  await expect(edit.getByLabel('Key', { exact: true })).toHaveAccessibleDescription(/ending in/);
  expect(await page.content()).not.toContain(CANARY);
  await edit.getByLabel('Key', { exact: true }).fill(KEY);
  await edit.getByRole('button', { name: 'Save' }).click();
  await expect(edit).toHaveCount(0);
  await page.getByRole('button', { name: 'Check lab' }).click();
  await expect(page.getByText(/lab answers: \d+ models/).first()).toBeVisible();
  await expect(page.getByRole('heading', { name: 'lab/double', exact: true })).toBeVisible();
  await expect(rowOf(page, 'lab/double')).toContainText('Not called yet');
});

test('a prompt is tried, and its answer streams', async ({ page }) => {
  await page.goto('/models');
  await page.getByRole('button', { name: 'Try lab/double', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Try it' })).toBeFocused();
  await expect(page.getByRole('combobox', { name: 'Model' })).toHaveValue('lab/double');
  const prompt = page.getByRole('textbox', { name: 'Prompt' });
  await prompt.fill('[answer The ships come home.]');
  await prompt.press('Control+Enter');
  const answer = page.getByRole('article', { name: 'Answer' });
  await expect(answer).toContainText('The ships come home.');
  await expect(page.getByText(/Answer ready\. lab\/double, first token after/)).toBeVisible();

  // Halfway, there is what has come; stopped, it stays.
  await page.getByRole('combobox', { name: 'Model' }).fill('lab/double@stall-mid=20000,at=5');
  await prompt.fill('[say 30]');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(answer).toContainText('t1 t2');
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByText('Stopped')).toBeVisible();
  await expect(answer).toContainText('t1 t2');

  await page.getByRole('combobox', { name: 'Model' }).fill('nowhere/none');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByRole('alert')).toContainText('nowhere/none');
});

test('a route is made of models, and answers by its name', async ({ page }) => {
  await page.goto('/models');
  await page.getByRole('button', { name: 'Add a route' }).click();
  const form = page.getByRole('dialog', { name: 'Add a route' });
  await form.getByRole('textbox', { name: 'Name' }).fill('fast');
  await form.getByRole('combobox', { name: 'Candidate 1' }).fill('lab/double-mini');
  await form.getByRole('button', { name: 'Add a candidate' }).click();
  await form.getByRole('combobox', { name: 'Candidate 2' }).fill('double');
  await expect(form.getByRole('button', { name: 'Add', exact: true })).toBeDisabled();
  await form.getByRole('combobox', { name: 'Candidate 2' }).fill('lab/double');
  await form.getByRole('button', { name: 'Move candidate 2 up' }).click();
  await form.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(form).toHaveCount(0);
  const route = page.getByRole('region', { name: 'Routes' });
  const asked = route.getByRole('list', { name: 'Candidates of fast' }).getByRole('listitem');
  await expect(asked.locator('.mono')).toHaveText(['lab/double', 'lab/double-mini']);
  await expect(asked).toContainText(['asked first now', 'asked as number 2']);
  await page.getByRole('combobox', { name: 'Model' }).fill('fast');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByText(/Answer ready\. lab\/double,/)).toBeVisible();

  await page.getByRole('button', { name: 'Remove fast' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByRole('button', { name: 'Remove fast' })).toHaveCount(0);
});

test('a key is made, its secret shown once, and a call with it is told of', async ({ page, request, studio }) => {
  await page.goto('/keys');
  await page.getByRole('button', { name: 'Make a key' }).click();
  const form = page.getByRole('dialog', { name: 'Make a key' });
  await form.getByRole('textbox', { name: 'Name' }).fill('ci');
  await form.getByRole('textbox', { name: 'Models' }).fill('lab/*');
  await form.getByRole('textbox', { name: 'Dollars a day' }).fill('12,50');
  await expect(form.getByText('An amount such as 12.50')).toBeVisible();
  await form.getByRole('textbox', { name: 'Dollars a day' }).fill('1,234.5');
  await form.getByRole('textbox', { name: 'Requests a minute' }).fill('60');
  await page.mouse.click(4, 4);
  await expect(form, 'what is typed is not lost by a press beside it').toBeVisible();
  await form.getByRole('button', { name: 'Make a key' }).click();
  const shown = page.getByRole('dialog', { name: 'The key of ci' });
  const secret = (await shown.locator('.mono').innerText()).trim();
  await page.mouse.click(4, 4);
  await expect(shown, 'nor a secret that is shown once').toBeVisible();
  expect(secret.length).toBeGreaterThan(20);
  await shown.getByRole('button', { name: 'I have it' }).click();
  const row = rowOf(page, 'ci');
  await expect(row).toContainText('$0.00 of $1,234.50 today');
  await expect(row).toContainText('60 requests a minute');
  // Who is looking may be known after the page's code is here.
  await page.route('**/api/session', async (route) => setTimeout(() => void route.continue(), 500));
  await page.reload();
  await expect(row).toBeVisible();
  expect(await page.content()).not.toContain(secret);

  const answer = await request.post(`${studio.url}/v1/chat/completions`, { headers: { Authorization: `Bearer ${secret}` }, data: { model: 'lab/double', messages: [{ role: 'user', content: 'Hello' }] } });
  expect(answer.status(), await answer.text()).toBe(200);
  await page.goto('/usage?by=key');
  const table = page.getByRole('table', { name: 'Usage by Key' });
  await expect(async () => {
    await page.reload();
    await expect(table.getByRole('row', { name: /^ci/ })).toContainText('$0.00', { timeout: 1000 });
  }).toPass({ timeout: 10_000 });
  await page.getByRole('button', { name: /^Call \d+: lab\/double/ }).first().click();
  const call = page.getByRole('dialog', { name: /^Call \d+$/ });
  await expect(call).toContainText('lab/double');
  await expect(call.getByRole('listitem')).toContainText('answered');
  await page.keyboard.press('Escape');
  // What answers another question does not stand under this one.
  await page.route('**/api/calls?outcome=failed*', (route) => route.fulfill({ status: 429, contentType: 'application/problem+json', body: JSON.stringify({ title: 'Too Many Requests', code: 'busy', detail: 'ask again later' }) }));
  await page.getByRole('radio', { name: 'Failed' }).check({ force: true });
  await expect(page.getByRole('alert')).toContainText('The calls could not be read');
  await expect(page.getByRole('button', { name: /^Call \d+/ })).toHaveCount(0);
  await page.getByRole('radio', { name: 'Left early' }).check({ force: true });
  await expect(page).toHaveURL(/outcome=aborted/);
  await expect(page.getByRole('button', { name: /^Call \d+: lab\/double@stall-mid/ })).toBeVisible();
  await page.getByRole('radio', { name: 'Model', exact: true }).check({ force: true });
  await expect(page.getByRole('table', { name: 'Usage by Model' }).getByRole('row', { name: /^lab\/double / })).toBeVisible();

  await page.goto('/keys');
  await page.getByRole('button', { name: 'Edit ci' }).click();
  const edit = page.getByRole('dialog', { name: 'Edit ci' });
  await expect(edit.getByRole('textbox', { name: 'Dollars a day' })).toHaveValue('1234.50');
  // Somebody else changes it meanwhile: nothing is overwritten, and opened again the form has what they set.
  const { items } = (await (await request.get(`${studio.url}/api/keys`)).json()) as { items: AccessKey[] };
  const { id, revision, name, models, routes, requests_per_minute, tokens_per_minute, concurrent_max, month_allowance, expires_at } = items.find((key) => key.name === 'ci')!;
  const settings: KeySettings = { name, models, routes, requests_per_minute, tokens_per_minute, concurrent_max, month_allowance, expires_at, day_allowance: '99.00' };
  const theirs = await request.put(`${studio.url}/api/keys/${id}`, { headers: { 'If-Match': `"${revision}"` }, data: settings });
  expect(theirs.status(), await theirs.text()).toBe(200);
  await edit.getByRole('button', { name: 'Save' }).click();
  await expect(edit.getByRole('alert')).toBeVisible();
  await edit.getByRole('button', { name: 'Cancel' }).click();
  await expect(row).toContainText('of $99.00 today');
  await page.getByRole('button', { name: 'Edit ci' }).click();
  await expect(edit.getByRole('textbox', { name: 'Dollars a day' })).toHaveValue('99.00');
  await edit.getByRole('textbox', { name: 'Dollars a day' }).fill('');
  await edit.getByRole('button', { name: 'Save' }).click();
  await expect(row).not.toContainText('$99.00');
  await page.getByRole('button', { name: 'Revoke ci' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await expect(row).toHaveCount(0);
  await page.getByRole('checkbox', { name: 'Show revoked keys' }).check();
  await expect(row).toContainText('Revoked');
});

test('nothing moves while a page of the gateway is read', async ({ page }) => {
  await watchShift(page);
  await page.route(/\/api\/(usage|calls|models|keys|routes|providers)/, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, route.request().url().includes('usage') ? 400 : 100));
    await route.continue();
  });
  for (const [path, there] of [['/models', page.getByRole('heading', { name: 'lab/double', exact: true })], ['/keys', page.getByRole('button', { name: 'Make a key' })], ['/usage', page.getByRole('button', { name: /^Call \d+/ }).first()]] as const) {
    await page.goto(path);
    await expect(there).toBeVisible();
    expect(await shiftOf(page), path).toEqual([]);
  }
});

test('a model that failed rests, and is let back', async ({ page, request, studio }) => {
  await page.goto('/models');
  const list = rowOf(page, 'lab/double-mini');
  await fetch(`${double.url}/control`, { method: 'POST', body: JSON.stringify({ rules: [{ fault: '401', model: 'double-mini' }] }) });
  await request.post(`${studio.url}/v1/chat/completions`, { data: { model: 'lab/double-mini', messages: [{ role: 'user', content: 'Hello' }] } });
  const made = await request.post(`${studio.url}/api/routes`, { data: { name: 'steady', strategy: 'ordered', targets: [{ provider: 'lab', model: 'double-mini' }, { provider: 'lab', model: 'double' }] } });
  expect(made.status(), await made.text()).toBe(201);
  await page.reload();
  await expect(list).toContainText('Key refused or account empty');
  const candidates = page.getByRole('list', { name: 'Candidates of steady' }).getByRole('listitem');
  await expect(candidates.locator('.mono')).toHaveText(['lab/double-mini', 'lab/double']);
  await expect(candidates).toContainText([/Key refused.*passed over now/, 'asked first now']);
  await page.getByRole('button', { name: 'Reset the breaker of lab/double-mini' }).click();
  await expect(list).toContainText('Available');
  await expect(candidates).toContainText(['asked first now', 'asked as number 2']);
});

for (const colorScheme of themes) {
  test(`the forms keep the rules of access and fit a phone, ${colorScheme}`, async ({ browser, studio }) => {
    const context = await browser.newContext({ baseURL: studio.url, colorScheme, reducedMotion: 'reduce', viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
    const page = await context.newPage();
    const keepsRules = async (where: string): Promise<void> => {
      await expectNoSidewaysScroll(page);
      const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
      expect(violations.map(({ id, nodes }) => `${where}: ${id}: ${nodes.map((node) => `${node.target.join(' ')} ${node.failureSummary ?? ''}`).join(' | ')}`)).toEqual([]);
    };
    for (const [path, opener] of [['/models', 'Edit lab'], ['/models', 'Add a route'], ['/models', 'Remove lab'], ['/keys', 'Make a key']] as const) {
      await page.goto(path);
      await page.getByRole('button', { name: opener }).click();
      const more = page.getByText('More', { exact: true });
      if (opener === 'Edit lab') await more.click();
      await keepsRules(opener);
    }
    await page.goto('/usage?as=tokens');
    await page.getByRole('button', { name: /^Call \d+/ }).first().waitFor();
    await keepsRules('usage');
    await page.getByRole('button', { name: /^Call \d+/ }).first().click();
    await expect(page.getByRole('heading', { name: 'Attempts' })).toBeVisible();
    await keepsRules('call');
    await page.keyboard.press('Escape');
    await page.getByRole('navigation', { name: 'Gateway' }).getByRole('link', { name: 'Keys' }).click();
    await expect(page.getByRole('heading', { name: 'Keys', level: 1 })).toBeFocused();
    await context.close();
  });
}
