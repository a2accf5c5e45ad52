// Diagrams in messages: drawn apart from the page, on text that nobody trusts.
import AxeBuilder from '@axe-core/playwright';
import type { Frame, Page } from '@playwright/test';
import type { Thread } from '../../src/lib/api/chat-types';
import { withLab } from './lab';
import { expect, expectNoSidewaysScroll, test } from './studio';

test.use({ name: 'diagrams' });
test.describe.configure({ mode: 'serial' });

withLab();

const fenced = (text: string): string => `\`\`\`mermaid\n${text}\n\`\`\``;
const flowchart = 'flowchart LR\n  accTitle: The way to the lamp\n  accDescr: Up, unless it is lit\n  A[Start] --> B{Is it lit?}\n  B -- yes --> C[Sail on]\n  B -- no --> D[(Oil)]\n  subgraph Tower\n  D --> E((Lamp))\n  end';
const sequence = 'sequenceDiagram\n  autonumber\n  participant K as Keeper\n  participant S as Ship\n  S->>K: Where is the rock?\n  alt the lamp is lit\n  K-->>S: Behind me\n  else it is not\n  K--xS: Nothing\n  end\n  Note over K,S: They know each other';

const messages = (page: Page) => page.getByRole('region', { name: 'Messages' });
const blocks = (page: Page) => messages(page).getByRole('figure', { name: 'mermaid' });
const pictures = (page: Page) => messages(page).locator('figure img');
// The frame that draws, which is there once it has something to draw.
const drawingFrame = (page: Page): Frame | undefined => page.frames().find((frame) => frame.url().includes('/_app/diagram-'));

async function threadWith(page: Page, ...answers: readonly string[]): Promise<string> {
  const { id } = (await (await page.request.post('/api/threads', { data: { model: 'lab/double' } })).json()) as Thread;
  const sent = answers.flatMap((answer, at) => [
    { number: 2 * at + 1, parent: 2 * at, role: 'user', parts: [{ type: 'text', text: `Question ${at + 1}` }] },
    { number: 2 * at + 2, parent: 2 * at + 1, role: 'assistant', parts: [{ type: 'text', text: answer }] },
  ]);
  expect((await page.request.put(`/api/threads/${id}/messages`, { data: { messages: sent } })).ok()).toBe(true);
  return id;
}
// Each is drawn once it is on screen. Its size comes from its file only once that could be read.
async function drawn(page: Page, at: number): Promise<void> {
  const block = blocks(page).nth(at);
  await block.scrollIntoViewIfNeeded();
  const size = await block.getByRole('img').evaluate(async (image: HTMLImageElement) => (await image.decode(), [image.naturalWidth, image.naturalHeight]));
  expect(Math.min(...size)).toBeGreaterThan(50);
}
// The words in it, without those of its styles.
async function wordsIn(page: Page, at: number): Promise<string> {
  const address = (await blocks(page).nth(at).getByRole('img').getAttribute('src'))!;
  const svg = decodeURIComponent(address.slice(address.indexOf(',') + 1));
  return svg.replace(/<style[\s\S]*?<\/style>/g, '').replace(/<[^>]*>/g, '');
}

test('are drawn, say what they are, and turn into their source and back', async ({ page }) => {
  await page.goto(`/c/${await threadWith(page, `Look:\n\n${fenced(flowchart)}\n\nand\n\n${fenced(sequence)}`)}`);
  for (const at of [1, 0]) await drawn(page, at);
  await expect(pictures(page).first()).toHaveAttribute('alt', 'The way to the lamp. Up, unless it is lit');
  expect(await wordsIn(page, 0)).toContain('Is it lit?');
  expect(await wordsIn(page, 1)).toContain('Where is the rock?');
  expect(page.frames().filter((frame) => frame.url().includes('/_app/diagram-')), 'one draws them all').toHaveLength(1);
  const first = blocks(page).first();
  const source = first.getByRole('button', { name: 'Source', exact: true });
  await source.focus();
  await page.keyboard.press('Enter');
  await expect(first.locator('pre')).toHaveText(flowchart);
  await expect(source).toHaveAttribute('aria-pressed', 'true');
  await expect(source).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(pictures(page)).toHaveCount(2);
  await expect(first.locator('pre')).toHaveCount(0);
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`keep the rules of access, ${colorScheme}`, async ({ browser, page: first, studio }) => {
    const id = await threadWith(first, `${fenced(flowchart)}\n\n${fenced(sequence)}`, fenced('flowchart LR\n  A --> --> B'));
    for (const device of [{ viewport: { width: 1280, height: 1000 } }, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }]) {
      const context = await browser.newContext({ baseURL: studio.url, colorScheme, reducedMotion: 'reduce', ...device });
      const page = await context.newPage();
      await page.goto(`/c/${id}`);
      await expect(messages(page).getByText('This diagram cannot be drawn')).toBeVisible();
      for (const at of [1, 0]) await drawn(page, at);
      await expectNoSidewaysScroll(page);
      await page.screenshot({ path: test.info().outputPath(`diagrams-${device.viewport.width}.png`) });
      await pictures(page).nth(1).scrollIntoViewIfNeeded();
      await page.screenshot({ path: test.info().outputPath(`diagrams-2-${device.viewport.width}.png`) });
      await blocks(page).last().scrollIntoViewIfNeeded();
      await page.screenshot({ path: test.info().outputPath(`diagrams-3-${device.viewport.width}.png`) });
      const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
      expect(violations.map(({ id: rule, nodes }) => `${rule}: ${nodes.map((node) => node.target.join(' ')).join(' | ')}`)).toEqual([]);
      await context.close();
    }
  });
}
void drawingFrame;
