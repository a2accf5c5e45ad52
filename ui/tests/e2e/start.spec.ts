// The way in without a key: a studio to which nothing is connected, and what can be done there all the same.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { withDouble } from './lab';
import { expect, expectNoSidewaysScroll, test, themes } from './studio';

test.use({ name: 'start' });
test.describe.configure({ mode: 'serial' });

const KEY = 'sk-double'; // the double asks for this one
const double = withDouble();

const box = (page: Page) => page.getByRole('textbox', { name: 'Message', exact: true });
const lastAnswer = (page: Page) => page.getByRole('region', { name: 'Messages' }).getByRole('article').last();
const unconnected = (page: Page) => page.getByRole('heading', { name: 'No provider is connected yet' });
const modelMenu = (page: Page) => page.getByRole('combobox', { name: 'Model' });

test('the guide answers from the manual, and its citation is followed', async ({ page }) => {
  await page.goto('/c');
  await expect(unconnected(page)).toBeVisible();
  await expect(modelMenu(page)).toHaveValue('local/guide');
  await expect(modelMenu(page).getByRole('option')).toHaveText(['local/guide · not a language model']);
  await page.getByRole('button', { name: 'Ask the guide' }).click();
  await expect(box(page)).toBeFocused();
  await page.keyboard.type('How do I set up https?');
  await page.keyboard.press('Enter');
  await expect(lastAnswer(page).getByRole('blockquote').first()).toContainText('With a certificate the server speaks https alone');
  await expect(unconnected(page)).toHaveCount(0);
  await box(page).fill('What is the capital of France?');
  await box(page).press('Enter');
  await expect(lastAnswer(page)).toContainText('I do not know');

  const citation = page.getByRole('link', { name: 'The command line: https' }).first();
  const thread = page.url();
  await citation.click();
  await expect(page).toHaveURL(/\/help\/command-line#https$/);
  await expect(page.getByRole('heading', { name: 'https', exact: true })).toBeFocused();
  await expect(page.getByRole('heading', { name: 'https', exact: true })).toBeInViewport();
  await page.goBack();
  await expect(page).toHaveURL(thread);
  await expect(lastAnswer(page)).toContainText('I do not know');
});

test('a question that is offered is asked with one press', async ({ page }) => {
  await page.goto('/c');
  await page.getByRole('button', { name: 'How do I invite somebody?' }).click();
  await expect(lastAnswer(page)).toContainText('makes a link');
});

test('who may not add a provider is told who may', async ({ page }) => {
  await page.route('**/api/session', async (route) => route.fulfill({ json: { ...((await (await route.fetch()).json()) as object), role: 'member' } }));
  await page.goto('/c');
  await expect(page.getByText('An administrator of this studio can add one.')).toBeVisible();
  await expect(page.getByRole('button', { name: "Add a provider's key" })).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Ask the guide' })).toBeVisible();
});

test('a key is checked before it is kept, and then a model is talked to', async ({ page }) => {
  await page.goto('/c');
  await page.getByRole('button', { name: "Add a provider's key" }).click();
  const form = page.getByRole('dialog', { name: 'Add a provider' });
  await form.getByRole('combobox', { name: 'Kind' }).selectOption({ label: 'OpenAI' });
  await form.getByRole('textbox', { name: 'Address' }).fill(`${double.url}/openai/v1`);
  await form.getByLabel('Key', { exact: true }).fill('sk-wrong');
  await form.getByRole('button', { name: 'Check and add' }).click();
  await expect(form.getByText('The provider openai could not be used')).toBeVisible();
  const { items } = (await (await page.request.get('/api/providers')).json()) as { items: unknown[] };
  expect(items, 'a provider that refuses is not kept').toEqual([]);

  await form.getByLabel('Key', { exact: true }).fill(KEY);
  await form.getByRole('button', { name: 'Check and add' }).click();
  await expect(page.getByText(/^The key works: \d+ models found/)).toBeVisible();
  await expect(form).toHaveCount(0);
  await expect(unconnected(page)).toHaveCount(0);
  await expect(modelMenu(page)).toHaveValue(/^openai\//);
  await expect(modelMenu(page).getByRole('option').last(), 'below the others').toHaveText('local/guide · not a language model');
  await modelMenu(page).selectOption('openai/double');
  await box(page).fill('[answer The lamp is lit.]');
  await box(page).press('Enter');
  await expect(lastAnswer(page)).toContainText('The lamp is lit.');
});

test('a server of this machine is used with one press', async ({ page }) => {
  const listing = { protocol: 'ollama', is_local: true, is_built_in: false, last_error: '', listed_at: new Date().toISOString() };
  const own = { id: 'guide', name: 'local/guide', kind: 'model', provider: 'local', is_local: true, is_built_in: true };
  await page.route('**/api/models', (route) =>
    route.fulfill({
      json: {
        items: [{ id: 'llama3', name: 'ollama/llama3', kind: 'model', provider: 'ollama', is_local: true, is_built_in: false }, own],
        next: '',
        providers: [{ ...listing, name: 'ollama', is_found: true }, { ...listing, name: 'vllm', is_found: true }, { ...listing, name: 'local', is_found: false, is_built_in: true }],
      },
    }),
  );
  await page.goto('/c');
  await expect(page.getByText('vllm runs here, but has no model yet')).toBeVisible();
  await page.getByRole('button', { name: 'Use ollama/llama3' }).click();
  await expect(modelMenu(page)).toHaveValue('ollama/llama3');
  await expect(box(page)).toBeFocused();
  await page.getByRole('button', { name: 'Ask the guide' }).click();
  await expect(modelMenu(page), 'it is asked where it was chosen').toHaveValue('local/guide');
});

test('the manual is found from anywhere', async ({ page }) => {
  await page.goto('/activity');
  await page.getByRole('heading', { name: 'Activity', level: 1 }).waitFor();
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('combobox', { name: 'Find or do anything' })).toBeFocused();
  await page.keyboard.type('Help: sessions');
  await page.getByRole('option', { name: /Help: People, Sessions/ }).click();
  await expect(page).toHaveURL(/\/help\/people#sessions$/);
  await expect(page.getByRole('heading', { name: 'Sessions', exact: true })).toBeFocused();
  await page.getByRole('navigation', { name: 'Pages of the manual' }).getByRole('link', { name: 'Chat', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Chat', level: 1 })).toBeVisible();
  await page.keyboard.press('?');
  await page.getByRole('dialog').getByRole('link', { name: 'Read the manual' }).click();
  await expect(page).toHaveURL(/\/help$/);
  await expect(page.getByRole('dialog')).toHaveCount(0);
});

for (const colorScheme of themes)
  test(`they keep the rules of access, ${colorScheme}`, async ({ browser, studio }) => {
    for (const viewport of [{ width: 1280, height: 800 }, { width: 390, height: 844 }]) {
      const context = await browser.newContext({ baseURL: studio.url, colorScheme, viewport, serviceWorkers: 'block' });
      const page = await context.newPage();
      await page.route('**/api/models', async (route) => {
        const answer = (await (await route.fetch()).json()) as { items: { is_built_in?: boolean }[]; providers: { is_built_in: boolean }[] };
        await route.fulfill({ json: { ...answer, items: answer.items.filter((model) => model.is_built_in), providers: answer.providers.filter((provider) => provider.is_built_in) } });
      });
      await page.goto('/c');
      await expect(unconnected(page)).toBeVisible();
      await expectNoSidewaysScroll(page);
      expect((await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze()).violations).toEqual([]);
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/start-${colorScheme}-${viewport.width}.png` });
      await page.goto('/help/gateway#providers');
      await expect(page.getByRole('heading', { name: 'Providers', exact: true })).toBeFocused();
      await expectNoSidewaysScroll(page);
      expect((await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze()).violations).toEqual([]);
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/help-${colorScheme}-${viewport.width}.png` });
      await context.close();
    }
  });
