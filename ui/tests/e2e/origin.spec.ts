import { create, expect, test } from './studio';

test.use({ name: 'origin' });

test('on an origin that is not secure, making, copying and uploading work', async ({ browser, studio }) => {
  const url = `http://lan.test:${studio.port}`;
  const probe = await (await browser.newContext()).newPage();
  const answer = await probe.goto(`${url}/`).catch(() => null);
  // A server that knows only its own name refuses others (DNS rebinding): then the page is tried under its own, as far as it goes.
  const origin = answer?.ok() ? url : studio.url;
  const page = await (await browser.newContext({ baseURL: origin })).newPage();
  await page.addInitScript(() => {
    Object.defineProperty(globalThis, 'isSecureContext', { value: false });
    Object.defineProperty(navigator, 'clipboard', { value: undefined });
    Object.defineProperty(crypto, 'randomUUID', { value: undefined });
    Object.defineProperty(navigator, 'locks', { value: undefined });
  });
  await page.goto('/shorts');
  await page.getByRole('textbox', { name: 'Story' }).fill('Plain as day.');
  await page.keyboard.press('Control+Enter');
  await expect(page).toHaveURL(/\/shorts\/[^/]+$/);
  await page.goto('/library');
  await page.locator('input[type=file]').setInputFiles({ name: 'notes.jpg', mimeType: 'text/plain', buffer: Buffer.from('words') });
  const code = page.getByRole('alert').getByRole('button').last();
  await code.click();
  await expect(page.getByRole('alert').getByText('Copied')).toBeAttached();
});

test('the page runs under its security policy', async ({ page }) => {
  const answer = await page.goto('/shorts');
  const policy = answer?.headers()['content-security-policy'] ?? '';
  expect(policy).toContain("require-trusted-types-for 'script'");
  expect(policy).toContain("default-src 'self'");
  expect(policy).not.toContain("script-src 'self' 'unsafe-inline'");
  await page.getByRole('heading', { level: 1 }).waitFor();
  const id = await create(page, 'Under <b>policy</b> & <script>alert(1)</script> all the same.');
  await page.goto(`/shorts/${id}`);
  await expect(page.getByRole('textbox', { name: 'Story' })).toHaveValue(/policy/);
});
