// What somebody keeps to say again: kept, found, filled in, changed, taken away and brought along.
import { readFileSync } from 'node:fs';
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { withLab } from './lab';
import { expect, expectNoSidewaysScroll, test } from './studio';

test.use({ name: 'chat-prompts' });
test.describe.configure({ mode: 'serial' });

withLab();

const box = (page: Page) => page.getByRole('textbox', { name: 'Message', exact: true });
const shelf = (page: Page) => page.getByRole('dialog', { name: 'Prompts' });
async function openShelf(page: Page): Promise<void> {
  await box(page).fill('');
  await box(page).pressSequentially('/prompts');
  await page.keyboard.press('Enter');
  await expect(shelf(page)).toBeVisible();
}

test('a prompt is kept, and used by its name', async ({ page }) => {
  await page.goto('/c');
  await box(page).waitFor();
  await openShelf(page);
  await expect(shelf(page)).toContainText('No prompt is kept yet.');
  await shelf(page).getByRole('button', { name: 'New prompt' }).click();
  const form = page.getByRole('dialog', { name: 'New prompt' });
  await form.getByLabel('Name').fill('Translate');
  await form.getByLabel('Text').fill('Translate to {{language}}: {{words}}');
  await form.getByLabel('Tags').fill('words, short');
  await form.getByRole('button', { name: 'Keep' }).click();
  const row = shelf(page).getByRole('listitem');
  await expect(row).toContainText('words · short');
  expect((await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag22aa']).analyze()).violations).toEqual([]);
  await page.keyboard.press('Escape');
  await expect(shelf(page)).toHaveCount(0);
  await expect(box(page)).toBeFocused();

  await box(page).fill('');
  await box(page).pressSequentially('/prompt tr');
  await expect(page.getByRole('listbox', { name: 'Commands' }).getByRole('option')).toHaveText([/^Translate/]);
  await page.keyboard.press('Enter');
  const fill = page.getByRole('dialog', { name: 'Fill in “Translate”' });
  await fill.getByLabel('language').fill('German');
  await fill.getByLabel('words').fill('the lamp');
  await page.keyboard.press('Enter');
  await expect(fill).toHaveCount(0);
  await expect(box(page)).toHaveValue('Translate to German: the lamp');
  await expect(box(page)).toBeFocused();
});

test('what was said is kept, changed, deleted and brought back', async ({ page }) => {
  const { id } = (await (await page.request.post('/api/threads', { data: { model: 'lab/double' } })).json()) as { id: string };
  await page.goto(`/c/${id}`);
  await box(page).fill('Sum it up. [answer Done.]');
  await page.keyboard.press('Enter');
  const articles = page.getByRole('region', { name: 'Messages' }).getByRole('article');
  await expect(articles.last()).toContainText('Done.');
  await articles.first().hover();
  await articles.first().getByRole('button', { name: 'Keep as a prompt' }).click();
  const form = page.getByRole('dialog', { name: 'New prompt' });
  await expect(form.getByLabel('Text')).toHaveValue('Sum it up. [answer Done.]');
  await form.getByLabel('Name').fill('translate');
  await form.getByRole('button', { name: 'Keep' }).click();
  await expect(form).toContainText('there is a prompt called "translate" already');
  await form.getByLabel('Name').fill('Sum up');
  await form.getByRole('button', { name: 'Keep' }).click();
  await expect(form).toHaveCount(0);

  await openShelf(page);
  const rows = shelf(page).getByRole('listitem');
  await expect(rows).toHaveCount(2);
  await shelf(page).getByRole('searchbox', { name: 'Find a prompt' }).fill('SUM');
  await expect(rows).toHaveCount(1);
  await rows.getByRole('button', { name: 'Edit Sum up' }).click();
  const edit = page.getByRole('dialog', { name: 'Edit prompt' });
  await edit.getByLabel('Text').fill('Sum it up in a line.');
  await edit.getByRole('button', { name: 'Keep' }).click();
  await expect(rows).toContainText('Sum it up in a line.');
  await rows.getByRole('button', { name: 'Delete Sum up' }).click();
  await expect(rows).toHaveCount(0);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Undo' }).click();
  await openShelf(page);
  await expect(rows).toHaveCount(2);
  await rows.getByRole('button', { name: 'Insert Sum up' }).click();
  await expect(box(page)).toHaveValue('Sum it up in a line.');
});

test('who types faster than the page loads is understood all the same', async ({ page }) => {
  const asked: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'POST' && /\/(messages|threads)$/.test(request.url())) asked.push(request.url());
  });
  await page.goto('/c');
  await box(page).waitFor();
  let isSlow = true;
  await page.route(/\.js$|\/api\/prompts/, async (route) => setTimeout(() => void route.continue(), isSlow ? 700 : 0));
  await openShelf(page);
  await page.keyboard.press('Escape');
  await expect(shelf(page)).toHaveCount(0);
  await box(page).pressSequentially('/prompt transl');
  await page.keyboard.press('Enter');
  const fill = page.getByRole('dialog', { name: 'Fill in “Translate”' });
  await expect(fill).toBeVisible();
  isSlow = false;
  expect(asked).toEqual([]);
});

test('prompts are taken away as a file, and come in from one', async ({ page }) => {
  await page.goto('/c');
  await box(page).waitFor();
  await openShelf(page);
  const rows = shelf(page).getByRole('listitem');
  await expect(rows).toHaveCount(2);
  const [download] = await Promise.all([page.waitForEvent('download'), shelf(page).getByRole('button', { name: 'Export' }).click()]);
  const saved = JSON.parse(readFileSync(await download.path(), 'utf8')) as { prompts: { name: string }[] };
  expect(saved.prompts.map(({ name }) => name)).toEqual(['Sum up', 'Translate']);
  const give = (name: string, text: string) => shelf(page).getByLabel('Import', { exact: true }).last().setInputFiles({ name, mimeType: 'application/json', buffer: Buffer.from(text) });
  await give('odd.json', '{"else": 1}');
  await expect(page.getByText('“odd.json” is no file of prompts')).toBeVisible();
  await give('prompts.json', JSON.stringify({ prompts: [...saved.prompts, { name: 'Third', text: 'More.' }] }));
  await expect(page.getByText('3 prompts came in')).toBeVisible();
  await expect(rows).toHaveCount(3);
  await page.setViewportSize({ width: 360, height: 740 });
  await expectNoSidewaysScroll(page);
});
