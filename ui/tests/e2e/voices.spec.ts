// Voices as they are browsed, heard and chosen; and the models they are of, by whose they are.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { withDouble } from './lab';
import { expect, expectNoSidewaysScroll, test, themes } from './studio';

test.use({ name: 'voices', launchOptions: async ({ launchOptions }, use) => use({ ...launchOptions, args: [...(launchOptions.args ?? []), '--autoplay-policy=no-user-gesture-required'] }) });
test.describe.configure({ mode: 'serial' });

const double = withDouble();
test.beforeEach(async ({ page }) => {
  const { items } = (await (await page.request.get('/api/providers')).json()) as { items: { name: string }[] };
  for (const [name, preset, path] of [['elevenlabs', 'elevenlabs', '/elevenlabs'], ['openai', 'openai', '/openai/v1']] as const) {
    if (items.some((one) => one.name === name)) continue;
    const added = await page.request.post('/api/providers', { data: { name, preset, base_url: `${double.url}${path}`, key: 'sk-double' } });
    expect(added.status(), await added.text()).toBe(201);
    await page.request.post(`/api/providers/${name}/check`);
  }
});

const ELEVEN = 'elevenlabs/eleven_flash_v2_5';
const picker = (page: Page) => page.getByRole('combobox', { name: 'Model' });
async function browse(page: Page, model: string): Promise<void> {
  await page.goto('/audio');
  await picker(page).selectOption(model);
  await page.getByText('Hear the voices').click();
}
const spoken = async (): Promise<number> => {
  const seen = (await (await fetch(`${double.url}/control/requests`)).json()) as { requests?: { method: string; path: string }[] };
  return (seen.requests ?? []).filter(({ method, path }) => method === 'POST' && path.includes('text-to-speech')).length;
};

test('models stand under whose they are, with what they charge', async ({ page }) => {
  await page.request.delete('/api/routes/narrator');
  const made = await page.request.post('/api/routes', { data: { name: 'narrator', targets: [{ provider: 'openai', model: 'tts-1' }, { provider: 'local', model: 'flite' }] } });
  expect(made.status(), await made.text()).toBe(201);
  await page.goto('/audio');
  const group = (name: string) => picker(page).locator(`optgroup[label="${name}"]`);
  await expect(group('On this machine').locator('option')).toContainText([/ · free/, / · free/]);
  await expect(group('elevenlabs').locator('option[value="elevenlabs/eleven_flash_v2_5"]')).toHaveCount(1);
  await expect(group('Routes').locator('option')).toHaveText('narrator · $0.015 a thousand characters');
  // By the keyboard, what is typed is found.
  await picker(page).focus();
  await page.keyboard.type('narr');
  await expect(picker(page)).toHaveValue('narrator');
});

test('a voice is heard as its provider has it, from our own address, and chosen', async ({ page, studio }) => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await browse(page, ELEVEN);
  const card = page.getByRole('listitem').filter({ has: page.getByRole('radio', { name: /^Double/ }) });
  await expect(card).toContainText('English, female, british, young, social media');
  await card.getByRole('button', { name: 'Hear Double' }).click();
  await expect(card.getByRole('button', { name: 'Stop Double' })).toBeVisible();
  await expect(card.getByRole('button', { name: 'Hear Double' }), 'it ends by itself').toBeVisible();
  expect(asked.every((url) => url.startsWith(studio.url) || url.startsWith('data:')), asked.join('\n')).toBe(true);
  expect(asked.filter((url) => url.includes('/api/voices/sample')).length).toBeGreaterThan(0);
  await card.getByRole('radio').check();
  await expect(page.getByRole('combobox', { name: 'Voice' })).toHaveValue('voice-double');
  await page.getByRole('radio', { name: /^Double/ }).focus();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('combobox', { name: 'Voice' }), 'arrows choose').toHaveValue('voice-inside');
});

test('what cannot be heard is said at its card', async ({ page }) => {
  await browse(page, ELEVEN);
  const card = page.getByRole('listitem').filter({ has: page.getByRole('radio', { name: /^Inside/ }) });
  await card.getByRole('button', { name: 'Hear Inside' }).click();
  await expect(card.getByRole('alert')).not.toBeEmpty();
  await expect(card.getByRole('button', { name: 'Hear Inside' })).toBeEnabled();
});

test('one that would cost something says so first, and is made once', async ({ page }) => {
  const before = await spoken();
  await browse(page, ELEVEN);
  const silent = page.getByRole('listitem').filter({ has: page.getByRole('radio', { name: /^Silent/ }) });
  await silent.getByRole('button', { name: 'Hear Silent' }).click();
  await expect(silent).toContainText('What having one spoken costs is not known.');
  expect(await spoken()).toBe(before);
  await silent.getByRole('button', { name: 'Have Silent speak' }).click();
  await expect(silent.getByRole('button', { name: 'Stop Silent' })).toBeVisible();
  await expect(silent.getByRole('button', { name: 'Hear Silent' })).toBeVisible();
  await page.reload();
  await page.getByText('Hear the voices').click();
  await silent.getByRole('button', { name: 'Hear Silent' }).click();
  await expect(silent.getByRole('button', { name: 'Stop Silent' }), 'it is kept').toBeVisible();

  await browse(page, 'narrator');
  await page.getByRole('searchbox', { name: 'Find a voice' }).fill('nova');
  await expect(page.getByRole('radio', { name: /./ }).filter({ visible: true })).not.toHaveCount(0);
  await page.getByRole('button', { name: 'Hear nova' }).click();
  await expect(page.getByText(/Having one spoken costs at most \$0\.0006\d*, once\./)).toBeVisible();
});

test('voices of this machine are heard at once', async ({ page }) => {
  await browse(page, 'local/flite');
  const first = page.getByRole('button', { name: /^Hear / }).first();
  const name = (await first.getAttribute('aria-label'))!.slice('Hear '.length);
  await first.click();
  await expect(page.getByRole('button', { name: `Stop ${name}` })).toBeVisible();
});

for (const colorScheme of themes)
  for (const [device, viewport] of [['desk', { width: 1280, height: 800 }], ['phone', { width: 375, height: 812 }]] as const)
    test(`voices keep the rules of access, ${colorScheme} at a ${device}`, async ({ browser, studio }) => {
      const context = await browser.newContext({ baseURL: studio.url, colorScheme, reducedMotion: 'reduce', viewport });
      const page = await context.newPage();
      await browse(page, ELEVEN);
      await page.getByRole('button', { name: 'Hear Inside' }).click();
      await expect(page.getByRole('alert')).not.toBeEmpty();
      await expectNoSidewaysScroll(page);
      const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target.join(' ')} ${node.failureSummary ?? ''}`).join(' | ')}`)).toEqual([]);
      await page.screenshot({ path: test.info().outputPath('voices.png'), fullPage: true });
      await context.close();
    });
