// The rooms that make things, with what this machine has of its own: no key and no provider.
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { expect, expectNoSidewaysScroll, test } from './studio';

test.use({ name: 'generate' });

const pictures = (page: Page, title: string): Locator => page.getByRole('article', { name: title, exact: true }).getByRole('button', { name: /^Open picture/ });
const isShown = (picture: Locator): Promise<boolean> => picture.locator('img').evaluate((node: HTMLImageElement) => node.complete && node.naturalWidth > 0);
async function own(page: Page, width: string, height: string): Promise<void> {
  await page.getByRole('radio', { name: 'In pixels' }).check();
  await page.getByRole('spinbutton', { name: 'Width' }).fill(width);
  await page.getByRole('spinbutton', { name: 'Height' }).fill(height);
}

test('two pictures are made, looked at, compared and used again', async ({ page }) => {
  await page.goto('/image');
  const prompt = page.getByRole('textbox', { name: 'Prompt' });
  await prompt.fill('A calm sea');
  await page.getByRole('spinbutton', { name: 'How many' }).fill('2');
  await expect(page.getByText('Costs nothing'), 'the price is there before it begins').toBeVisible();
  await page.keyboard.press('Control+Enter');
  await expect(pictures(page, 'A calm sea')).toHaveCount(2);
  await expect.poll(() => isShown(pictures(page, 'A calm sea').first())).toBe(true);
  await expect(prompt, 'the form stays as it is').toHaveValue('A calm sea');
  const seed = /seed (\d+)/.exec(await page.getByRole('article', { name: 'A calm sea', exact: true }).innerText())![1]!;

  await pictures(page, 'A calm sea').first().click();
  const large = page.getByRole('dialog', { name: 'A calm sea' });
  await expect(large.getByText('1 / 2')).toBeVisible();
  const first = await large.getByRole('img').getAttribute('src');
  await page.keyboard.press('ArrowRight');
  await expect(large.getByText('2 / 2')).toBeVisible();
  expect(await large.getByRole('img').getAttribute('src')).not.toBe(first);
  await page.reload();
  await expect(large.getByText('2 / 2'), 'what is open is in the address').toBeVisible();
  await large.getByRole('button', { name: 'Use again' }).click();
  await expect(large).toBeHidden();
  await expect(page.getByRole('textbox', { name: 'Seed' })).toHaveValue(seed);

  await page.getByRole('checkbox', { name: /^Compare picture 1/ }).check();
  await page.getByRole('checkbox', { name: /^Compare picture 2/ }).check();
  await page.getByRole('button', { name: 'Compare', exact: true }).click();
  const slider = page.getByRole('slider', { name: 'How much of the first is seen' });
  await slider.focus();
  await page.keyboard.press('End');
  await expect(slider).toHaveValue('100');
  await page.keyboard.press('Escape');
  await expect(slider).toBeHidden();
});

test('what cannot be made is said at its field, and the draft survives a reload', async ({ page }) => {
  await page.goto('/image');
  await page.getByRole('textbox', { name: 'Prompt' }).fill('Too small');
  const count = page.getByRole('spinbutton', { name: 'How many' });
  await count.fill('20');
  await page.getByRole('button', { name: 'Make pictures' }).click();
  await expect(count).toHaveAccessibleDescription(/outside 1 to 10/);
  await count.fill('1');
  await own(page, '20', '20');
  await page.getByRole('button', { name: 'Make pictures' }).click();
  await expect(page.getByRole('spinbutton', { name: 'Width' })).toHaveAccessibleDescription(/sides from 64 to 3840/);
  await page.reload();
  await expect(page.getByRole('textbox', { name: 'Prompt' })).toHaveValue('Too small');
  await expect(page.getByRole('spinbutton', { name: 'Width' })).toHaveValue('20');
});

test('one that takes long is cancelled, and made after all', async ({ page }) => {
  await page.goto('/image');
  await page.getByRole('textbox', { name: 'Prompt' }).fill('A slow one');
  await page.getByRole('spinbutton', { name: 'How many' }).fill('10');
  await own(page, '3840', '3840');
  await page.getByRole('button', { name: 'Make pictures' }).click();
  const made = page.getByRole('article', { name: 'A slow one', exact: true });
  await made.getByRole('button', { name: 'Cancel A slow one' }).click();
  await expect(made.getByText('Cancelled')).toBeVisible();
  await expect(pictures(page, 'A slow one')).toHaveCount(0);
  await made.getByRole('button', { name: 'Try again' }).click();
  await expect(made).toHaveCount(2);
  await made.first().getByRole('button', { name: 'Cancel A slow one' }).click();
  await expect(made.getByText('Cancelled')).toHaveCount(2);
});

test('a sentence is spoken, played and sought in', async ({ page }) => {
  await page.goto('/audio');
  const text = 'The lamp is lit, and the ships come home over a quiet sea.';
  await page.getByRole('button', { name: 'Speak' }).click();
  await expect(page.getByRole('textbox', { name: 'Text to speak' })).toHaveAccessibleDescription(/say what is to be made/);
  await page.getByRole('textbox', { name: 'Text to speak' }).fill(text);
  await page.getByRole('button', { name: 'Speak' }).click();
  const made = page.getByRole('article', { name: text });
  await made.getByRole('button', { name: 'Play', exact: true }).click();
  await expect(made.getByRole('button', { name: 'Pause' })).toBeVisible();
  const audio = made.locator('audio');
  await expect.poll(() => audio.evaluate((node: HTMLAudioElement) => node.currentTime)).toBeGreaterThan(0);
  await made.getByText('quiet', { exact: true }).click();
  await expect.poll(() => audio.evaluate((node: HTMLAudioElement) => node.currentTime)).toBeGreaterThan(2);
  await made.getByRole('slider', { name: 'Where in the sound' }).focus();
  await page.keyboard.press('Home');
  await expect.poll(() => audio.evaluate((node: HTMLAudioElement) => node.currentTime)).toBeLessThan(2);
});

test('the rooms keep the rules of access and fit a phone', async ({ browser, studio }) => {
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await browser.newContext({ baseURL: studio.url, colorScheme, reducedMotion: 'reduce', viewport: { width: 390, height: 844 } });
    const page = await context.newPage();
    for (const path of ['/image', '/audio', '/audio?tab=transcription', '/video']) {
      await page.goto(path);
      await expect(page.getByRole('heading', { level: 2 }).first()).toBeVisible();
      await expect(page.getByRole('button', { name: /Make pictures|Speak/ }).or(page.getByRole('heading', { name: /^Nothing here/ }))).toBeVisible();
      await expectNoSidewaysScroll(page);
      const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
      expect(violations.map(({ id, nodes }) => `${path}: ${id}: ${nodes.map((node) => node.target.join(' ')).join(' | ')}`)).toEqual([]);
    }
    await context.close();
  }
});

test('activity tells of all that was made, by kind and by how it went', async ({ page }) => {
  await page.goto('/image');
  await page.getByRole('textbox', { name: 'Prompt' }).fill('Told of');
  await page.getByRole('button', { name: 'Make pictures' }).click();
  await expect(pictures(page, 'Told of')).toHaveCount(1);
  await page.goto('/activity');
  const row = page.getByRole('article', { name: 'Told of', exact: true });
  await expect(row.getByText('Done', { exact: true })).toBeVisible();
  await expect(row.getByText('free')).toBeVisible();
  await page.getByRole('radio', { name: 'Audio' }).check();
  await expect(row).toBeHidden();
  await page.getByRole('radio', { name: 'Image' }).check();
  await expect(row).toBeVisible();
  await page.getByRole('radio', { name: 'Running' }).check();
  await expect(row).toBeHidden();
  await page.getByRole('radio', { name: 'Done' }).check();
  await row.getByRole('link', { name: 'Open' }).click();
  await expect(page.getByRole('heading', { name: 'Image', level: 1 })).toBeVisible();
});
