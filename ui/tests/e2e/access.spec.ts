import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { create, expect, expectNoSidewaysScroll, ready, test, twoScenes } from './studio';

test.use({ name: 'access' });

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const tabs = ['story', 'background', 'voice', 'captions', 'export'];

async function expectNoViolations(page: Page, where: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze();
  expect(violations.map(({ id, nodes }) => `${where}: ${id}: ${nodes.map((node) => `${node.target.join(' ')} ${node.failureSummary ?? ''}`).join(' | ')}`)).toEqual([]);
}

let short = '';
test.beforeAll(async ({ browser, studio }) => {
  const page = await browser.newPage({ baseURL: studio.url });
  short = await create(page, `# For all\n\n${twoScenes}`);
  await page.goto(`/shorts/${short}`);
  await page.getByRole('button', { name: 'Render', exact: true }).click();
  await ready(page);
  await page.close();
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`every page keeps the rules of access, ${colorScheme}`, async ({ browser, studio }) => {
    const context = await browser.newContext({ baseURL: studio.url, colorScheme, reducedMotion: 'reduce', viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    for (const path of ['/shorts', '/image', '/audio', '/video', '/library', '/activity', '/models', '/keys', '/usage', '/performance', '/settings', '/nowhere']) {
      await page.goto(path);
      await page.getByRole('heading', { level: 1 }).first().waitFor({ state: 'attached' });
      await expect(page.locator('[aria-busy], .skeleton')).toHaveCount(0);
      await expectNoViolations(page, path);
    }
    await page.goto(`/shorts/${short}`);
    for (const tab of tabs) {
      await page.getByRole('tab', { name: new RegExp(tab, 'i') }).click();
      await expectNoViolations(page, tab);
    }
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { level: 1 }).focus();
    await page.keyboard.press('?');
    await expect(page.getByRole('dialog', { name: 'Shortcuts' })).toBeVisible();
    await expectNoViolations(page, 'shortcuts');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('dialog', { name: 'Go to or do' })).toBeVisible();
    await expect(page.getByRole('option', { name: /For all/ })).toBeVisible();
    await expectNoViolations(page, 'palette');
    await page.keyboard.press('Escape');
    await page.goto(`/shorts/${short}`);
    await page.getByRole('button', { name: 'Add a picture to scene 1' }).click();
    await expectNoViolations(page, 'picture');
    await page.keyboard.press('Escape');
    const story = page.getByRole('textbox', { name: 'Story' });
    await story.fill(`Mine in ${colorScheme} now.`);
    const { revision } = (await (await page.request.get(`/api/productions/${short}`)).json()) as { revision: number };
    await page.request.put(`/api/productions/${short}/story`, { data: { story: `Theirs in ${colorScheme}.` }, headers: { 'If-Match': `"${revision}"` } });
    await story.fill(`Mine in ${colorScheme}.`);
    await expect(page.getByText('was changed elsewhere')).toBeVisible();
    await expectNoViolations(page, 'conflict');
    await page.getByRole('button', { name: 'Use theirs' }).click();
    await context.close();
  });
}

test('every page fits a phone', async ({ browser, studio }) => {
  const context = await browser.newContext({ baseURL: studio.url, viewport: { width: 375, height: 812 }, hasTouch: true, isMobile: true });
  const page = await context.newPage();
  for (const path of ['/shorts', '/image', '/audio', '/video', '/library', '/activity', '/models', '/keys', '/usage', '/performance', '/settings', ...tabs.map((tab) => `/shorts/${short}?tab=${tab}`)]) {
    await page.goto(path);
    await page.getByRole('heading', { level: 1 }).first().waitFor({ state: 'attached' });
    await expectNoSidewaysScroll(page);
  }
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Library' }).tap();
  await expect(page.getByRole('heading', { name: 'Library', level: 1 })).toBeFocused();
  await page.setViewportSize({ width: 320, height: 640 });
  for (const path of ['/shorts', '/image', '/audio', '/activity', '/models', '/keys', '/usage', '/performance', `/shorts/${short}?tab=export`]) {
    await page.goto(path);
    await page.getByRole('heading', { level: 1 }).first().waitFor({ state: 'attached' });
    await expectNoSidewaysScroll(page);
  }
  await context.close();
});

test('the whole way is gone by keyboard alone', async ({ page }) => {
  const tabTo = async (name: RegExp, role: 'button' | 'tab' | 'link' | 'radio'): Promise<void> => {
    const target = page.getByRole(role, { name }).first();
    for (let presses = 0; presses < 60; presses += 1) {
      if (await target.evaluate((node) => node === document.activeElement)) return;
      await page.keyboard.press('Tab');
    }
    throw new Error(`Tab never reached ${name}`);
  };
  await page.goto('/activity');
  await page.getByRole('heading', { name: 'Activity', level: 1 }).waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('s');
  await expect(page.getByRole('heading', { name: 'Shorts', level: 1 })).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('textbox', { name: 'Story' })).toBeFocused();
  await page.keyboard.type('A key turns.');
  await page.keyboard.press('Control+Enter');
  await expect(page).toHaveURL(/\/shorts\/[^/]+$/);
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
  await tabTo(/^Story$/, 'tab');
  for (let presses = 0; presses < 4; presses += 1) await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('tab', { name: 'Export' })).toBeFocused();
  await tabTo(/Vertical|1080 × 1920/, 'radio');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('radio', { name: /Square|1080 × 1080/ })).toBeChecked();
  await expect(page.getByText(/^Saved/)).toBeVisible();
  await page.keyboard.press('Control+Enter');
  await ready(page);
  await tabTo(/Download video\.mp4/, 'link');
});

test('from right to left, everything is on its other side', async ({ page }) => {
  await page.goto(`/shorts/${await create(page, twoScenes)}`);
  await page.evaluate(() => (document.documentElement.dir = 'rtl'));
  const boxOf = async (name: RegExp): Promise<{ x: number; width: number }> => (await page.getByRole('region', { name: 'Timeline' }).getByRole('button', { name }).boundingBox())!;
  await expect(async () => expect((await boxOf(/Scene 1/)).x).toBeGreaterThan((await boxOf(/Scene 2/)).x)).toPass();
  const second = await boxOf(/Scene 2/);
  expect(second.x, 'and in sight').toBeGreaterThan(0);
  expect((await page.getByRole('navigation').boundingBox())!.x).toBeGreaterThan(second.x);
  await expectNoSidewaysScroll(page);
});

test('what the page is made of is told, with its licences', async ({ page }) => {
  await page.goto('/settings');
  const [opened] = await Promise.all([page.waitForEvent('popup'), page.getByRole('link', { name: 'What this page is made of' }).click()]);
  await expect(opened.locator('body')).toContainText('svelte 5');
  for (const name of ['mermaid', '@fontsource-variable/instrument-sans']) await expect(opened.locator('body')).toContainText(`${name} `);
});
