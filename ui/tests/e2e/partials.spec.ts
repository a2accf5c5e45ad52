// A picture that is looked at while it is made, from a provider that streams it.
import AxeBuilder from '@axe-core/playwright';
import { withDouble } from './lab';
import { expect, shiftOf, test, watchShift } from './studio';

test.use({ name: 'partials' });

const double = withDouble();
const control = async (body: unknown): Promise<void> => {
  const answer = await fetch(`${double.url}/control`, { method: 'POST', body: JSON.stringify(body) });
  expect(answer.ok, await answer.text()).toBe(true);
};

test('a picture is seen before it is done, in the room it will have, and then it is there', async ({ page }) => {
  const added = await page.request.post('/api/providers', { data: { name: 'openai', preset: 'openai', base_url: `${double.url}/openai/v1`, key: 'sk-double' } });
  expect(added.status(), await added.text()).toBe(201);
  const route = await page.request.post('/api/routes', { data: { name: 'painter', targets: [{ provider: 'openai', model: 'gpt-image-1' }] } });
  expect(route.status(), await route.text()).toBe(201);
  await control({ rules: [{ fault: 'hold-mid,at=2', path: '/v1/images/generations', times: 1 }] });

  await watchShift(page);
  await page.goto('/image');
  await page.getByRole('combobox', { name: 'Model' }).selectOption('painter');
  await page.getByRole('textbox', { name: 'Prompt' }).fill('A lamp in the fog');
  await page.keyboard.press('Control+Enter');
  const made = page.getByRole('article', { name: 'A lamp in the fog', exact: true });
  const partial = made.locator('img[src*="/partial"]');
  await expect(partial).toHaveAttribute('src', /number=2$/);
  await expect.poll(() => partial.evaluate((node: HTMLImageElement) => node.complete && node.naturalWidth)).toBe(1024);
  await expect(made.getByRole('button', { name: 'Cancel A lamp in the fog' })).toBeVisible();
  const held = await partial.boundingBox();
  const { violations } = await new AxeBuilder({ page }).include('article').withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze();
  expect(violations.map(({ id, help }) => `${id}: ${help}`)).toEqual([]);

  // Whoever comes later sees it too.
  await page.reload();
  await expect(partial).toHaveAttribute('src', /number=2$/);
  await expect.poll(() => partial.evaluate((node: HTMLImageElement) => node.complete && node.naturalWidth)).toBe(1024);

  await control({ release: true });
  const picture = made.getByRole('button', { name: /^Open picture 1 of/ });
  await expect(picture).toBeVisible();
  await expect(partial).toHaveCount(0);
  await expect.poll(() => picture.locator('img').evaluate((node: HTMLImageElement) => node.complete && node.naturalWidth > 0)).toBe(true);
  const whole = await picture.boundingBox();
  expect(Math.round(whole!.height - held!.height), 'it takes the room that was kept for it').toBeLessThanOrEqual(2);
  expect((await shiftOf(page)).filter((shift) => Number.parseFloat(shift) > 0.01)).toEqual([]);
});
