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

async function expectNoViolations(page: Page, where: string): Promise<void> {
  await page.emulateMedia({ reducedMotion: 'reduce' }); // what fades in is not looked at half-way
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
  expect(violations.map(({ id, nodes }) => `${where}: ${id}: ${nodes.map((node) => node.target.join(' ')).join(' | ')}`)).toEqual([]);
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
  await expectNoViolations(page, 'one picture');
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
  await expectNoViolations(page, 'two compared');
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
  await expect(made.getByRole('button', { name: 'Play', exact: true })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Speak' })).toBeEnabled();
  await expectNoViolations(page, 'what was spoken');
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
      await expectNoViolations(page, path);
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

test('of one that nobody knows about both ways are told, with what they mean for the money', async ({ page }) => {
  const asked: string[] = [];
  const lost = (state: string, more: object = {}): object => ({
    id: '01zzzzzzzzzzzzzzzzzzzzzzzz', kind: 'image', model: 'lab/m', state, title: 'Lost', request: { kind: 'image', prompt: 'Lost' }, inputs: [], results: [], estimate_picodollars: 40_000_000_000,
    job: { provider: 'lab', candidate: 'lab/m', state: state === 'unknown' ? 'unknown' : 'failed' }, error: { code: 'outcome_unknown', detail: 'the line broke' }, created_at: new Date().toISOString(), ended_at: new Date().toISOString(), ...more,
  });
  await page.route(/\/api\/generations\?/, (route) => route.fulfill({ json: { items: route.request().url().includes('kind=image') ? [lost('unknown', { choices: ['retry', 'give_up'] })] : [], next: '' } }));
  await page.route('**/give_up', (route) => {
    asked.push(route.request().url());
    return route.fulfill({ json: lost('failed') });
  });
  await page.goto('/image');
  const made = page.getByRole('article', { name: 'Lost' });
  await expect(made.getByText('It is not known whether lab took this')).toBeVisible();
  await expect(made.getByText('If the provider did take it, you pay for it twice.')).toBeVisible();
  await expectNoViolations(page, 'unknown');
  await made.getByRole('button', { name: 'Let it go' }).click();
  await expect(made.getByText('Failed.')).toBeVisible();
  await expect(made.getByText('the line broke')).toBeVisible();
  expect(asked).toHaveLength(1);
});

test('a model that takes pictures and masks is given them, painted by hand or by keys', async ({ page }) => {
  // What no model of this machine takes is told of one that nobody asks.
  const ability = { prompt_bytes_max: 4000, needs_prompt: true, count_max: 1, mask: true, strength: true, options: true, references: { min: 0, max: 1 } };
  await page.route('**/api/generations/models?kind=image', async (route) => {
    const { items } = (await (await route.fetch()).json()) as { items: object[] };
    await route.fulfill({ json: { items: [...items, { id: 'lab/edit', provider: 'lab', title: 'Editor', is_local: false, health: 'half_open', seconds: 12.5, ability }] } });
  });
  await page.route('**/api/generations/estimate', (route) => route.fulfill({ json: { candidates: [{ candidate: 'lab/edit', cost_picodollars: 40_000_000_000 }] } }));
  await page.goto('/image');
  await page.getByRole('textbox', { name: 'Prompt' }).fill('To be mended');
  await page.keyboard.press('Control+Enter');
  await pictures(page, 'To be mended').first().click();
  await page.getByRole('button', { name: 'Edit a part' }).click();
  const paper = page.getByRole('application');
  await expect(page.getByRole('button', { name: 'Use this mask' })).toBeDisabled();
  await expectNoViolations(page, 'mask');
  const box = (await paper.boundingBox())!;
  await page.mouse.move(box.x + 40, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + 140, box.y + 90, { steps: 5 });
  await page.mouse.up();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByRole('button', { name: 'Use this mask' })).toBeDisabled();
  await paper.focus();
  await page.keyboard.press('Space');
  const uploaded = page.waitForRequest((request) => request.method() === 'POST' && request.url().includes('/api/assets'));
  await page.getByRole('button', { name: 'Use this mask' }).click();
  const mask = (await uploaded).postDataBuffer()!;
  expect(mask.subarray(1, 4).toString()).toBe('PNG');
  // In the middle it is to change, and nowhere else.
  const clear = await page.evaluate(async (bytes) => {
    const picture = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    const paper = canvas.getContext('2d')!;
    paper.drawImage(picture, 0, 0);
    const alphaAt = (x: number, y: number): number => paper.getImageData(x, y, 1, 1).data[3]!;
    return [picture.width, picture.height, alphaAt(picture.width / 2, picture.height / 2), alphaAt(2, 2)];
  }, [...mask]);
  expect(clear).toEqual([1024, 1024, 0, 255]);
  const form = page.getByRole('form', { name: 'What is to be made' });
  await expect(form.getByText('Reference')).toBeVisible();
  await expect(form.getByText('Mask', { exact: true })).toBeVisible();
  await expect(form.getByText('At most $0.04')).toBeVisible();
  await expect(form.getByText('Being tried again')).toBeVisible();
  await expect(form.getByRole('paragraph').filter({ hasText: 'lately 12.5 s' })).toBeVisible();
  await form.getByText('More', { exact: true }).click();
  const options = form.getByRole('textbox', { name: 'Options of the provider, as JSON' });
  await options.fill('[1]');
  await page.keyboard.press('Control+Enter');
  await expect(options).toHaveAccessibleDescription(/must be a JSON object/);
  await options.fill('{"guidance": 7}');
  const sent = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/api/generations'));
  await page.route('**/api/generations', (route) => (route.request().method() === 'POST' ? route.fulfill({ status: 402, json: { code: 'allowance_spent', title: 'Payment Required', status: 402, detail: 'the allowance of this month is spent' } }) : route.fallback()));
  await page.keyboard.press('Control+Enter');
  expect((await sent).postDataJSON()).toMatchObject({ model: 'lab/edit', prompt: 'To be mended', options: { guidance: 7 }, inputs: [{ role: 'reference' }, { role: 'mask' }] });
  await expect(form.getByRole('alert')).toContainText('the allowance of this month is spent');
});
