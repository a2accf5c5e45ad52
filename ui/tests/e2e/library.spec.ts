import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { create, expect, expectNoSidewaysScroll, test } from './studio';

test.use({ name: 'library' });

// A picture made here, so that no file is kept: a PNG drawn by the page itself.
async function picture(page: Page, color: string): Promise<Buffer> {
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

const tile = (page: Page, name: string) => page.getByRole('gridcell', { name: new RegExp(`^${name.replaceAll('.', '\\.')},`) });

test('a picture is uploaded, looked at, used as a background and deleted', async ({ page }) => {
  await page.goto('/library');
  await expect(page.getByText('The library is empty')).toBeVisible();
  await page.locator('input[type=file]').setInputFiles({ name: 'sea.png', mimeType: 'image/png', buffer: await picture(page, 'teal') });
  await expect(tile(page, 'sea.png')).toBeVisible();

  await tile(page, 'sea.png').click();
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
  await tile(page, 'sea.png').click();
  await page.getByRole('dialog', { name: 'sea.png' }).getByRole('button', { name: 'Move to the trash' }).click();
  await expect(tile(page, 'sea.png')).toHaveCount(0);
  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  await expect(tile(page, 'sea.png')).toBeVisible();
});

test('tiles show small pictures, and nobody loads the file or asks twice', async ({ page }) => {
  const asked: string[] = [];
  page.on('request', (request) => {
    if (request.url().includes('/api/assets/')) asked.push(new URL(request.url()).pathname.split('/').pop()!);
  });
  await page.goto('/library');
  await page.locator('input[type=file]').setInputFiles({ name: 'tall.png', mimeType: 'image/png', buffer: await picture(page, 'coral') });
  const small = tile(page, 'tall.png').locator('img');
  await expect(small).toBeVisible();
  await expect.poll(() => small.evaluate((image: HTMLImageElement) => image.naturalWidth), 'no larger than 320 on its longer side').toBe(213);
  const address = (await small.getAttribute('src'))!;
  await tile(page, 'tall.png').click();
  const large = page.getByRole('dialog', { name: 'tall.png' }).getByRole('img', { name: 'tall.png' });
  await expect.poll(() => large.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(320);
  expect(asked).not.toContain('content');
  const answer = await page.request.get(address, { headers: { accept: 'image/webp' } });
  expect(answer.headers()['content-type']).toBe('image/webp');
  expect(answer.headers()['cache-control']).toContain('immutable');
  await page.keyboard.press('Escape');
  await page.getByRole('grid').focus();
  await page.keyboard.press('Delete');
  await expect(tile(page, 'tall.png')).toHaveCount(0);
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

// Seconds of a low tone, as a WAV file.
function tone(seconds = 2): Buffer {
  const rate = 8000;
  const samples = Buffer.alloc(rate * seconds * 2);
  for (let at = 0; at < rate * seconds; at += 1) samples.writeInt16LE(Math.round(8000 * Math.sin((2 * Math.PI * 220 * at) / rate)), at * 2);
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

test('a large file that is cut off goes on where it was, while another room is shown', async ({ page }) => {
  const asked: string[] = [];
  let isCut = false;
  await page.route('**/api/uploads/**', async (route) => {
    asked.push(route.request().method());
    if (route.request().method() !== 'PATCH' || isCut) return route.continue();
    isCut = true;
    await route.abort('connectionreset');
  });
  await page.goto('/library');
  await page.locator('input[type=file]').setInputFiles({ name: 'long.wav', mimeType: 'audio/wav', buffer: tone(600) });
  await expect(page.getByRole('list', { name: 'Uploads' })).toContainText('goes on once the server answers');
  await page.getByRole('link', { name: 'Activity' }).click();
  await expect(page.getByText('1 file uploaded')).toBeVisible();
  expect(asked).toEqual(['PATCH', 'HEAD', 'PATCH']);
  await page.getByRole('button', { name: 'See it' }).click();
  await expect(tile(page, 'long.wav')).toHaveAccessibleName('long.wav, sound, 10:00');
  await tile(page, 'long.wav').click();
  await expect(page.getByRole('dialog', { name: 'long.wav' }).locator('canvas')).toBeVisible();
});

test('a press on a sound\'s waveform goes to where it was pressed', async ({ page }) => {
  await page.goto('/library');
  await page.locator('input[type=file]').setInputFiles({ name: 'pressed.wav', mimeType: 'audio/wav', buffer: tone(100) });
  await tile(page, 'pressed.wav').click();
  const dialog = page.getByRole('dialog', { name: 'pressed.wav' });
  const sound = dialog.locator('audio');
  const wave = dialog.locator('canvas');
  await expect.poll(() => sound.evaluate((node: HTMLAudioElement) => node.duration)).toBeCloseTo(100, 1);
  const { width, height } = (await wave.boundingBox())!;
  for (const second of [98, 2, 50]) {
    await wave.click({ position: { x: (width * second) / 100, y: height / 2 } });
    await expect.poll(() => sound.evaluate((node: HTMLAudioElement) => node.currentTime)).toBeCloseTo(second, 0);
  }
});

test('many are had as one archive', async ({ page }) => {
  await page.goto('/library');
  await page.locator('input[type=file]').setInputFiles(await Promise.all(['azure', 'beige'].map(async (color) => ({ name: `${color}.png`, mimeType: 'image/png', buffer: await picture(page, color) }))));
  await tile(page, 'azure.png').click({ modifiers: ['ControlOrMeta'] });
  await tile(page, 'beige.png').click({ modifiers: ['ControlOrMeta'] });
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download' }).click();
  expect((await download).suggestedFilename()).toBe('atelier.zip');
});

test('a file that is no picture says so, with a code to copy', async ({ page }) => {
  await page.goto('/library');
  await page.locator('input[type=file]').setInputFiles({ name: 'notes.jpg', mimeType: 'text/plain', buffer: Buffer.from('only words') });
  await expect(page.getByRole('alert')).toBeVisible();
  await expect(page.getByRole('alert').getByRole('button').last()).toContainText(/\w+/);
  await page.getByRole('button', { name: 'Stop uploading notes.jpg' }).click();
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test.describe('many', () => {
  const COLORS = ['peru', 'salmon', 'slateblue', 'goldenrod', 'firebrick', 'olive', 'indigo', 'tan', 'plum', 'sienna', 'khaki', 'orchid'];
  const names = COLORS.map((color) => `many-${color}.png`);

  test.beforeEach(async ({ page }) => {
    await page.goto('/library');
    const counted = async (): Promise<number> => ((await (await page.request.get('/api/assets/rows?q=many&limit=1&total=true')).json()) as { total: number }).total;
    if ((await counted()) >= names.length) return;
    await page.locator('input[type=file]').setInputFiles(await Promise.all(COLORS.map(async (color) => ({ name: `many-${color}.png`, mimeType: 'image/png', buffer: await picture(page, color) }))));
    await expect.poll(counted).toBe(names.length);
  });

  test('are selected by keys and pointer, tagged, moved, found, and thrown away and had back', async ({ page }) => {
    await page.goto('/library');
    const search = page.getByRole('searchbox', { name: 'Search names, facts and prompts' });
    await search.fill('many');
    await expect(page).toHaveURL(/q=many/);
    await expect(page.getByRole('gridcell')).toHaveCount(names.length);
    const chosen = page.getByRole('gridcell', { selected: true });

    // By keys: the first three, then all.
    await search.press('ArrowDown');
    const grid = page.getByRole('grid');
    await expect(grid).toBeFocused();
    await page.keyboard.press('Home');
    await page.keyboard.press('Space');
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Shift+ArrowRight');
    await expect(chosen).toHaveCount(3);
    await page.keyboard.press('Control+a');
    await expect(page.getByRole('toolbar')).toContainText('12 selected');
    await page.keyboard.press('Escape');
    await expect(chosen).toHaveCount(0);

    // By pointer: one, another, and those between.
    await tile(page, names[2]!).click({ modifiers: ['ControlOrMeta'] });
    await tile(page, names[5]!).click({ modifiers: ['Shift'] });
    await expect(chosen).toHaveCount(4);
    await page.getByRole('button', { name: 'Tag', exact: true }).click();
    await page.getByRole('combobox', { name: 'Tags' }).fill('warm, chosen');
    await page.getByRole('dialog').getByRole('button', { name: 'Add', exact: true }).click();
    await expect(page.getByText('4 files tagged')).toBeVisible();
    await page.getByRole('button', { name: 'chosen 4' }).click();
    await expect(page).toHaveURL(/tag=chosen/);
    await expect(page.getByRole('gridcell')).toHaveCount(4);

    // Into a new folder, by the menu.
    await grid.focus();
    await page.keyboard.press('Control+a');
    await page.getByRole('button', { name: 'Move to a folder' }).click();
    await page.getByRole('menuitem', { name: 'New folder' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('Harbour');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('button', { name: 'Harbour', exact: true }).click();
    await expect(page).toHaveURL(/folder=/);
    await expect(page.getByRole('gridcell')).toHaveCount(4);

    // Into the trash, and back; then for good.
    await grid.focus();
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Delete');
    await expect(page.getByRole('gridcell')).toHaveCount(0);
    await expect(page.getByText('4 files are in the trash')).toBeVisible();
    await page.locator('.toast', { hasText: '4 files are in the trash' }).getByRole('button', { name: 'Undo', exact: true }).click();
    await expect(page.getByRole('gridcell')).toHaveCount(4);
    await grid.focus();
    await page.keyboard.press('Delete');
    await expect(page.getByRole('gridcell')).toHaveCount(3);
    await page.getByRole('button', { name: 'Trash', exact: true }).click();
    await expect(page.getByRole('gridcell').first()).toBeVisible();
    await grid.focus();
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Restore' }).click();
    await page.getByRole('button', { name: 'Harbour', exact: true }).click();
    await expect(page.getByRole('gridcell')).toHaveCount(4);
  });

  test('one is renamed and tagged where it is looked at, and arrows go to the next', async ({ page }) => {
    await page.goto('/library?q=many&sort=name');
    await tile(page, 'many-salmon.png').click();
    let dialog = page.getByRole('dialog', { name: 'many-salmon.png' });
    await dialog.getByRole('button', { name: 'Rename' }).click();
    await dialog.getByRole('textbox', { name: 'Name' }).fill('many-dawn.png');
    await page.keyboard.press('Enter');
    dialog = page.getByRole('dialog', { name: 'many-dawn.png' });
    await expect(dialog).toBeVisible();
    await dialog.getByRole('combobox', { name: 'Add a tag' }).fill('dawn');
    await page.keyboard.press('Enter');
    await expect(dialog.getByRole('button', { name: 'Take the tag dawn away' })).toBeVisible();
    await dialog.getByRole('button', { name: 'The next one' }).click();
    await expect(page.getByRole('dialog')).not.toHaveAccessibleName('many-dawn.png');
    await page.goto('/library?tag=dawn');
    await expect(tile(page, 'many-dawn.png')).toBeVisible();
  });

  test('they go along with a message: by a button, and dropped into the box', async ({ page }) => {
    await page.goto('/library?q=many&sort=name');
    await tile(page, 'many-khaki.png').click({ modifiers: ['ControlOrMeta'] });
    await page.getByRole('button', { name: 'To the chat' }).click();
    const along = page.getByRole('list', { name: 'Goes along' });
    await expect(along).toContainText('many-khaki.png');
    await expect(page).toHaveURL(/\/c$/);

    // Of what is dragged, only the tile knows; what is dropped is what it gave.
    await page.goto('/library?q=many&sort=name');
    const given = await tile(page, 'many-orchid.png').evaluate((node) => {
      const data = new DataTransfer();
      node.dispatchEvent(new DragEvent('dragstart', { dataTransfer: data, bubbles: true }));
      return data.getData('application/x-atelier-asset');
    });
    await page.goto('/c');
    await page.getByRole('textbox', { name: 'Message' }).evaluate((node, text) => {
      const data = new DataTransfer();
      data.setData('application/x-atelier-asset', text);
      node.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
    }, given);
    await expect(along.getByRole('listitem')).toHaveText([/many-khaki\.png/, /many-orchid\.png/]);
  });

  test('one is dropped beside a scene of a story', async ({ page }) => {
    const { items } = (await (await page.request.get('/api/assets/rows?q=sienna')).json()) as { items: { id: string; name: string; kind: string }[] };
    const id = await create(page, '# Dropped\n\nOne.');
    await page.goto(`/shorts/${id}`);
    await page.getByRole('textbox', { name: 'Story' }).evaluate((node, told) => {
      const data = new DataTransfer();
      data.setData('application/x-atelier-asset', told);
      node.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true, clientY: innerHeight }));
    }, JSON.stringify(items));
    await expect(page.getByRole('button', { name: 'Change the picture of scene 1' })).toBeVisible();
    await expect.poll(async () => ((await (await page.request.get(`/api/productions/${id}`)).json()) as { scenes: { background: unknown }[] }).scenes[0]!.background).toEqual({ kind: 'asset', asset_id: items[0]!.id });
  });

  test('what another window changes is shown here', async ({ page }) => {
    await page.goto('/library?q=many');
    await expect(tile(page, 'many-peru.png')).toBeVisible();
    const { items } = (await (await page.request.get('/api/assets/rows?q=peru')).json()) as { items: { id: string }[] };
    expect((await page.request.post('/api/assets/bulk', { data: { verb: 'trash', ids: [items[0]!.id] } })).ok()).toBe(true);
    await expect(tile(page, 'many-peru.png')).toHaveCount(0);
    expect((await page.request.post('/api/assets/bulk', { data: { verb: 'restore', ids: [items[0]!.id] } })).ok()).toBe(true);
    await expect(tile(page, 'many-peru.png')).toBeVisible();
  });

  test('the grid, what is selected and what is looked at are accessible, on a desk and a phone', async ({ page }) => {
    const check = async (): Promise<void> => expect((await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()).violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      await page.goto('/library');
      await expect(page.getByRole('gridcell').first()).toBeVisible();
      await check();
      await page.getByRole('grid').focus();
      await page.keyboard.press('Space');
      await expect(page.getByRole('toolbar')).toBeVisible();
      await check();
      await page.keyboard.press('Escape');
      await page.keyboard.press('Enter');
      await expect(page.getByRole('dialog').getByRole('button', { name: 'Rename' })).toBeVisible();
      await check();
    }
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto('/library');
    await expect(page.getByRole('gridcell').first()).toBeVisible();
    await expectNoSidewaysScroll(page);
    await page.getByRole('button', { name: 'Folders and tags' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Trash', exact: true }).click();
    await expect(page).toHaveURL(/trash=1/);
    await check();
  });
});
