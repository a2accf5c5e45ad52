import { create, expect, test } from './studio';

test.use({ name: 'library' });

// A picture made here, so that no file is kept: a PNG drawn by the page itself.
async function picture(page: import('@playwright/test').Page, color: string): Promise<Buffer> {
  const data = await page.evaluate((fill) => {
    const canvas = document.createElement('canvas');
    canvas.width = 320;
    canvas.height = 480;
    const context = canvas.getContext('2d')!;
    context.fillStyle = fill;
    context.fillRect(0, 0, 320, 480);
    return canvas.toDataURL('image/png').split(',')[1]!;
  }, color);
  return Buffer.from(data, 'base64');
}

test('a picture is uploaded, looked at, used as a background and deleted', async ({ page }) => {
  await page.goto('/library');
  await expect(page.getByText('The library is empty')).toBeVisible();
  await page.locator('input[type=file]').setInputFiles({ name: 'sea.png', mimeType: 'image/png', buffer: await picture(page, 'teal') });
  await expect(page.getByRole('button', { name: 'Look at sea.png' })).toBeVisible();

  await page.getByRole('button', { name: 'Look at sea.png' }).click();
  const dialog = page.getByRole('dialog', { name: 'sea.png' });
  await expect(dialog.getByText('320 × 480')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);

  const id = await create(page, '# By the sea\n\nOne.\n\nTwo.');
  await page.goto(`/shorts/${id}?tab=background`);
  await page.getByRole('combobox', { name: 'Background of scene 1' }).selectOption('asset');
  await page.getByRole('dialog').getByRole('button', { name: /sea\.png/ }).click();
  await expect(page.getByText(/^Saved/)).toBeVisible();
  const saved = (await (await page.request.get(`/api/productions/${id}`)).json()) as { scenes: { background: { kind: string } | null }[] };
  expect(saved.scenes[0]!.background?.kind).toBe('asset');
  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  await expect(page.getByRole('combobox', { name: 'Background of scene 1' })).toHaveValue('');

  await page.goto('/library');
  await page.getByRole('button', { name: 'Delete “sea.png”' }).click({ force: true });
  await expect(page.getByRole('button', { name: 'Look at sea.png' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Look at sea.png' })).toBeVisible();
});

test('a file that is no picture says so, with a code to copy', async ({ page }) => {
  await page.goto('/library');
  await page.locator('input[type=file]').setInputFiles({ name: 'notes.jpg', mimeType: 'text/plain', buffer: Buffer.from('only words') });
  await expect(page.getByRole('alert')).toBeVisible();
  await expect(page.getByRole('alert').getByRole('button').last()).toContainText(/\w+/);
  await page.getByRole('button', { name: 'Stop uploading notes.jpg' }).click();
  await expect(page.getByRole('alert')).toHaveCount(0);
});
