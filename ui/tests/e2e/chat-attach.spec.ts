// Files that go along with a message: how far each is, as what it is sent, and what is refused.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import type { Thread } from '../../src/lib/api/chat-types';
import { withLab } from './lab';
import { expect, expectNoSidewaysScroll, test } from './studio';

test.use({ name: 'chat-attach' });
test.describe.configure({ mode: 'serial' });

withLab();

const box = (page: Page) => page.getByRole('textbox', { name: 'Message', exact: true });
const along = (page: Page) => page.getByRole('list', { name: 'Goes along' });
const give = (page: Page, files: { name: string; mimeType: string; buffer: Buffer }[]) => page.getByLabel('Drop pictures, PDFs or text files here').setInputFiles(files);

// A page each, with its words.
function pdf(pages: readonly string[]): Buffer {
  const objects = ['<< /Type /Catalog /Pages 2 0 R >>', `<< /Type /Pages /Kids [${pages.map((_, at) => `${4 + 2 * at} 0 R`).join(' ')}] /Count ${pages.length} >>`, '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>'];
  pages.forEach((words, at) => {
    const drawn = `BT /F1 12 Tf 72 700 Td (${words}) Tj ET`;
    objects.push(`<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents ${5 + 2 * at} 0 R /Resources << /Font << /F1 3 0 R >> >> >>`, `<< /Length ${drawn.length} >>\nstream\n${drawn}\nendstream`);
  });
  let file = '%PDF-1.7\n';
  const places = objects.map((object, at) => {
    const place = file.length;
    file += `${at + 1} 0 obj\n${object}\nendobj\n`;
    return place;
  });
  const table = file.length;
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${places.map((place) => `${String(place).padStart(10, '0')} 00000 n \n`).join('')}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${table}\n%%EOF\n`;
  return Buffer.from(file, 'latin1');
}
const picture = (page: Page, width: number, height: number): Promise<Buffer> =>
  page.evaluate(([w, h]) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: w, height: h });
    const pen = canvas.getContext('2d')!;
    pen.fillStyle = 'teal';
    pen.fillRect(0, 0, w! / 2, h!);
    return canvas.toDataURL('image/jpeg').split(',')[1]!;
  }, [width, height]).then((text) => Buffer.from(text, 'base64'));

test('files say as what they are sent, and go along', async ({ page }) => {
  const { id } = (await (await page.request.post('/api/threads', { data: { model: 'lab/double' } })).json()) as Thread;
  await page.goto(`/c/${id}`);
  await box(page).waitFor();
  const large = await picture(page, 2400, 1800);
  await give(page, [
    { name: 'lamp.jpg', mimeType: 'image/jpeg', buffer: large },
    { name: 'report.pdf', mimeType: 'application/pdf', buffer: pdf(['The lamp was lit.', 'Nobody saw it.']) },
    { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from([0xff, 0xfe, 0x4c, 0, 0x61, 0, 0x6d, 0, 0x70, 0]) },
    { name: 'odd.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7 and no more') },
    { name: 'film.mp4', mimeType: 'video/mp4', buffer: Buffer.from('x') },
  ]);
  const items = along(page).getByRole('listitem');
  await expect(items).toHaveCount(5);
  await expect(along(page).locator('[aria-busy]')).toHaveCount(0);
  await expect(items.nth(0)).toContainText('2400×1800, sent as 1568×1176');
  await expect(items.nth(1)).toContainText('2 pages');
  await expect(items.nth(2)).toContainText('notes.txt');
  await expect(items.nth(3).getByRole('alert')).toContainText('not sent: "odd.pdf" cannot be read: the PDF is broken or cut off');
  await expect(items.nth(4).getByRole('alert')).toHaveText('not sent: no picture, no PDF and no text');
  await expect(items.nth(3).getByRole('button')).toHaveCount(1);
  await expect(items.nth(4).getByRole('button')).toHaveCount(1);
  await page.screenshot({ path: test.info().outputPath('attach.png') });
  expect((await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag22aa']).analyze()).violations).toEqual([]);
  const wide = page.viewportSize()!;
  await page.getByRole('button', { name: 'Hide the threads' }).click();
  await page.setViewportSize({ width: 360, height: 740 });
  await expectNoSidewaysScroll(page);
  await page.screenshot({ path: test.info().outputPath('attach-narrow.png') });
  await page.setViewportSize(wide);
  await page.getByRole('button', { name: 'Remove odd.pdf' }).click();
  await expect(items).toHaveCount(4);
  await box(page).fill('[answer Seen.]');
  await page.getByRole('button', { name: 'Send' }).click();
  const articles = page.getByRole('region', { name: 'Messages' }).getByRole('article');
  await expect(articles.last()).toContainText('Seen.');
  await expect(along(page)).toHaveCount(0);
  await expect(articles.first().getByRole('img', { name: 'Attached picture' })).toBeVisible();
  await expect(articles.first().getByRole('link', { name: 'report.pdf' })).toBeVisible();
  await expect(articles.first()).toContainText('Lamp');
  const { messages } = (await (await page.request.get(`/api/threads/${id}`)).json()) as { messages: { parts: { type: string; tokens?: number }[] }[] };
  expect(messages[0]!.parts.map(({ type }) => type)).toEqual(['image', 'file', 'text', 'text']);
  expect(messages[0]!.parts[0]!.tokens).toBe(Math.floor((1568 * 1176) / 750));
});

test('an upload that broke off is tried again by a press', async ({ page }) => {
  await page.goto('/c');
  await box(page).waitFor();
  const small = await picture(page, 64, 48);
  await page.route('**/api/assets?*', (route) => route.abort('connectionfailed'), { times: 1 });
  await give(page, [{ name: 'lamp.jpg', mimeType: 'image/jpeg', buffer: small }]);
  await expect(along(page).getByRole('alert')).toContainText('not sent:');
  await expect(page.getByRole('button', { name: 'Send' })).toBeDisabled();
  await page.getByRole('button', { name: 'Try “lamp.jpg” again' }).click();
  await expect(along(page).getByRole('listitem')).toContainText('64×48');
  await expect(page.getByRole('button', { name: 'Send' })).toBeEnabled();
  await page.reload();
  await expect(along(page).getByRole('listitem')).toContainText('lamp.jpg');
});
