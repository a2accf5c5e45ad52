import { create, expect, test } from './studio';

test.use({ name: 'palette' });

test('anything is found and gone to by keyboard, from any field', async ({ page }) => {
  const id = await create(page, '# The lighthouse keeper\n\nOne.');
  await create(page, '# Why bread rises\n\nAir.');
  const code: string[] = [];
  page.on('request', (request) => void (request.url().includes('/_app/') && code.push(request.url())));
  await page.goto('/shorts');
  const story = page.getByRole('textbox', { name: 'Story' });
  await story.fill('Half a thought');
  const isLoaded = (): boolean => code.some((url) => url.includes('/Palette-'));
  expect(code.length).toBeGreaterThan(0);
  expect(isLoaded(), 'its code is not part of the page').toBe(false);

  await page.keyboard.press('Control+k');
  const box = page.getByRole('combobox', { name: 'Find or do anything' });
  const options = page.getByRole('listbox', { name: 'Go to or do' }).getByRole('option');
  await expect(box).toBeFocused();
  expect(isLoaded(), 'its code comes when it is asked for').toBe(true);
  await page.keyboard.press('Escape');
  await expect(story).toBeFocused();

  await page.keyboard.press('Control+k');
  await expect(page.getByRole('combobox', { name: 'Find or do anything' })).toBeFocused();
  await page.keyboard.type('keep');
  await expect(options.and(page.getByRole('option', { selected: true }))).toHaveText(/The lighthouse keeper/);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`/shorts/${id}$`));
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();

  // What the page itself can do comes first.
  await page.keyboard.press('Control+k');
  await expect(options.first()).toHaveText(/^Render/);
  await page.keyboard.type('show voice');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('tab', { name: 'Voice' })).toHaveAttribute('aria-selected', 'true');

  await page.keyboard.press('Control+k');
  await expect(page.getByRole('combobox', { name: 'Find or do anything' })).toBeFocused();
  await page.keyboard.type('dark');
  await page.keyboard.press('Enter');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');

  await page.keyboard.press('Control+k');
  await expect(page.getByRole('combobox', { name: 'Find or do anything' })).toBeFocused();
  await page.keyboard.type('zzz');
  await expect(page.getByText('Nothing is called that.')).toBeVisible();
  await box.fill('');
  await page.keyboard.press('ArrowUp');
  await expect(options.last()).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('ArrowDown');
  await expect(options.first()).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.type('new sh');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/shorts$/);
  await expect(story).toBeFocused();
  await expect(story).toHaveValue('Half a thought');
});

test('it offers what can be done where it is opened', async ({ page }) => {
  await page.goto('/library');
  const options = page.getByRole('listbox', { name: 'Go to or do' }).getByRole('option');
  await expect(page.getByRole('heading', { level: 1 }), 'keys are heard from then on').toBeVisible();
  await page.keyboard.press('Control+k');
  await expect(options.first()).toHaveText(/Upload files/);
  const files = page.waitForEvent('filechooser');
  await page.keyboard.press('Enter');
  await files;
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('combobox', { name: 'Find or do anything' })).toBeFocused();
  await page.keyboard.type('library sound');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/kind=audio/);

  await page.getByRole('link', { name: 'Activity' }).click();
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('combobox', { name: 'Find or do anything' })).toBeFocused();
  await page.keyboard.type('upload');
  await expect(options.filter({ hasText: 'Upload files' }), 'only where it can be done').toHaveCount(0);
});

test('it opens by a press too, and on a phone', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 800 });
  await page.goto('/library');
  await page.getByRole('button', { name: 'Search' }).click();
  await page.getByRole('option', { name: /Go to Activity/ }).click();
  await expect(page.getByRole('heading', { name: 'Activity', level: 1 })).toBeFocused();
});
