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
  const ofFirst = page.getByRole('combobox', { name: 'Background of scene 1' });
  await ofFirst.selectOption({ label: 'Choose from the library…' });
  await page.keyboard.press('Escape');
  await expect(ofFirst, 'what was not chosen is not shown as chosen').toHaveValue('');
  await ofFirst.selectOption({ label: 'Choose from the library…' });
  await page.getByRole('dialog').getByRole('button', { name: /sea\.png/ }).click();
  await expect(page.getByText(/^Saved/)).toBeVisible();
  await expect(ofFirst.locator('option:checked')).toHaveText('Picture or clip');
  const saved = (await (await page.request.get(`/api/productions/${id}`)).json()) as { scenes: { background: { kind: string } | null }[] };
  expect(saved.scenes[0]!.background?.kind).toBe('asset');
  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  await expect(ofFirst).toHaveValue('');
  const whole = page.getByRole('group', { name: 'The whole short' });
  await whole.getByRole('radio', { name: /Picture or clip/ }).click({ force: true });
  await page.keyboard.press('Escape');
  await expect(whole.getByRole('radio', { name: /Automatic/ })).toBeChecked();

  await page.goto('/library');
  await page.getByRole('button', { name: 'Delete “sea.png”' }).click({ force: true });
  await expect(page.getByRole('button', { name: 'Look at sea.png' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Look at sea.png' })).toBeVisible();
});

test('tiles show small pictures, and nobody loads the file or asks twice', async ({ page }) => {
  const asked: string[] = [];
  page.on('request', (request) => {
    if (request.url().includes('/api/assets/')) asked.push(new URL(request.url()).pathname.split('/').pop()!);
  });
  await page.goto('/library');
  await page.locator('input[type=file]').setInputFiles({ name: 'tall.png', mimeType: 'image/png', buffer: await picture(page, 'coral') });
  const tile = page.getByRole('button', { name: 'Look at tall.png' }).locator('img');
  await expect(tile).toBeVisible();
  await expect.poll(() => tile.evaluate((image: HTMLImageElement) => image.naturalWidth), 'no larger than 320 on its longer side').toBe(213);
  await expect(tile).toHaveAttribute('srcset', /size=320 1x, .*size=640 2x/);
  await page.getByRole('button', { name: 'Look at tall.png' }).click();
  const large = page.getByRole('dialog', { name: 'tall.png' }).getByRole('img', { name: 'tall.png' });
  await expect.poll(() => large.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(320);
  expect(asked).not.toContain('content');
  const answer = await page.request.get((await tile.getAttribute('src'))!, { headers: { accept: 'image/webp' } });
  expect(answer.headers()['content-type']).toBe('image/webp');
  expect(answer.headers()['cache-control']).toContain('immutable');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Delete “tall.png”' }).click({ force: true });
  await expect(page.getByRole('button', { name: 'Look at tall.png' })).toHaveCount(0);
});

test('a scene gets a picture in the story, another one, and none', async ({ page }) => {
  const id = await create(page, '# Illustrated\n\nOne.\n\nTwo.');
  const told = async (): Promise<{ story: string; scenes: { background: { kind: string; asset_id?: string } | null }[] }> => (await page.request.get(`/api/productions/${id}`)).json();
  await page.goto(`/shorts/${id}`);
  const story = page.getByRole('textbox', { name: 'Story' });
  await story.click();

  // By keyboard: the buttons come after the text.
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: 'Add a picture to scene 1' })).toBeFocused();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Picture or clip of scene 2' });
  await dialog.locator('input[type=file]').setInputFiles({ name: 'red.png', mimeType: 'image/png', buffer: await picture(page, 'crimson') });
  const second = page.getByRole('button', { name: 'Change the picture of scene 2' });
  await expect(second).toBeVisible();
  await expect(second).toBeFocused();
  await expect(second.locator('img')).toHaveJSProperty('naturalWidth', await second.locator('img').evaluate((node: HTMLImageElement) => node.decode().then(() => node.naturalWidth)));
  await expect.poll(async () => (await told()).scenes[1]!.background?.kind).toBe('asset');
  expect((await told()).story).toContain('![](asset:');
  await expect(story).toHaveValue(/^One\.\s+Two\.\s*$/);

  // What is typed around it leaves it where it is.
  await story.click();
  await story.press('Control+Home');
  await page.keyboard.type('Zero.');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Change the picture of scene 3' })).toBeVisible();
  await expect.poll(async () => (await told()).scenes.map((scene) => scene.background?.kind ?? '')).toEqual(['', '', 'asset']);

  // Another, dropped beside the scene, and one pasted where the caret is.
  const first = (await told()).scenes[2]!.background?.asset_id;
  const give = async (type: 'drop' | 'paste', color: string, y = 0): Promise<void> =>
    story.evaluate(
      (node, { type, bytes, y }) => {
        const data = new DataTransfer();
        data.items.add(new File([Uint8Array.from(bytes)], 'new.png', { type: 'image/png' }));
        node.dispatchEvent(type === 'drop' ? new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true, clientY: y }) : new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
      },
      { type, bytes: [...(await picture(page, color))], y },
    );
  const third = await page.getByRole('button', { name: 'Change the picture of scene 3' }).boundingBox();
  await give('drop', 'gold', third!.y + third!.height / 2);
  await expect.poll(async () => (await told()).scenes[2]!.background?.asset_id).not.toBe(first);
  await story.press('Control+Home');
  await give('paste', 'navy');
  await expect.poll(async () => (await told()).scenes.map((scene) => scene.background?.kind ?? '')).toEqual(['asset', '', 'asset']);

  await page.getByRole('button', { name: 'Change the picture of scene 3' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByRole('button', { name: 'Add a picture to scene 3' })).toBeVisible();
  await expect.poll(async () => (await told()).scenes.map((scene) => scene.background?.kind ?? '')).toEqual(['asset', '', '']);
  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  await expect.poll(async () => (await told()).scenes.map((scene) => scene.background?.kind ?? '')).toEqual(['asset', '', 'asset']);
  await page.reload();
  await expect(page.getByRole('button', { name: /^Change the picture/ })).toHaveCount(2);
});

// Two seconds of a low tone, as a WAV file.
function tone(): Buffer {
  const rate = 8000;
  const samples = Buffer.alloc(rate * 2 * 2);
  for (let at = 0; at < rate * 2; at += 1) samples.writeInt16LE(Math.round(8000 * Math.sin((2 * Math.PI * 220 * at) / rate)), at * 2);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
}

test('music is uploaded, set lower, taken away, had back, and rendered', async ({ page }) => {
  const id = await create(page, '# With music\n\nHello.');
  const music = async (): Promise<unknown> => ((await (await page.request.get(`/api/productions/${id}`)).json()) as { settings: { music: unknown } }).settings.music;
  await page.goto(`/shorts/${id}?tab=voice`);
  await page.getByRole('button', { name: 'Choose music…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Choose music' });
  await dialog.locator('input[type=file]').setInputFiles({ name: 'tone.wav', mimeType: 'audio/wav', buffer: tone() });
  await expect(dialog).toHaveCount(0);
  await expect(page.getByText('tone.wav')).toBeVisible();
  await expect(page.getByRole('region', { name: 'Timeline' }).getByText('Music')).toBeVisible();
  const level = page.getByRole('slider', { name: /Loudness in the gaps/ });
  await level.focus();
  await page.keyboard.press('ArrowLeft');
  await expect(page.getByText('-17 dB')).toBeVisible();
  await expect.poll(music).toMatchObject({ gain_db: -17 });
  await page.getByRole('button', { name: 'Remove the music' }).click();
  await expect.poll(music).toBe(null);
  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  await expect.poll(music).toMatchObject({ gain_db: -17 });
  await page.getByRole('button', { name: 'Change…' }).click();
  await expect(dialog.getByRole('button', { name: /tone\.wav/ })).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Render', exact: true }).click();
  await expect(page.getByText('Ready', { exact: true })).toBeVisible({ timeout: 50_000 });
});

test('a file that is no picture says so, with a code to copy', async ({ page }) => {
  await page.goto('/library');
  await page.locator('input[type=file]').setInputFiles({ name: 'notes.jpg', mimeType: 'text/plain', buffer: Buffer.from('only words') });
  await expect(page.getByRole('alert')).toBeVisible();
  await expect(page.getByRole('alert').getByRole('button').last()).toContainText(/\w+/);
  await page.getByRole('button', { name: 'Stop uploading notes.jpg' }).click();
  await expect(page.getByRole('alert')).toHaveCount(0);
});
