// People, on a server that asks who calls: invited, let in, each with their own, and out at once.
import { execFileSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import type { Browser, BrowserContextOptions, Page } from '@playwright/test';
import { expect, expectNoSidewaysScroll, start, stop, test, themes } from './studio';

test.use({ name: 'people' });
test.describe.configure({ mode: 'serial' });

const PASSWORD = 'a long enough password';
let double: { child: ChildProcess; url: string };
let server: { child: ChildProcess; url: string };
let folder = '';
let key = '';
let asBoss = { Authorization: '' };

test.beforeAll(async () => {
  const binary = process.env.ATELIER_BIN!;
  folder = mkdtempSync(join(tmpdir(), 'atelier-e2e-people-own-'));
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('ATELIER_')));
  key = execFileSync(binary, ['keys', 'create', 'boss', '--role', 'admin', '--data-dir', folder], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  asBoss = { Authorization: `Bearer ${key}` };
  double = await start(process.env.ATELIER_DOUBLE ?? join(dirname(binary), 'provider-double'), ['--port', '0']);
  server = await start(binary, ['serve', '--listen', '127.0.0.1:0', '--data-dir', folder, '--set', 'models.find_local=false', '--set', 'access.require_key=true']);
});
test.afterAll(async () => {
  await stop(server.child);
  await stop(double.child);
  rmSync(folder, { recursive: true, force: true });
});

const open = async (browser: Browser, options: BrowserContextOptions = {}): Promise<Page> => (await browser.newContext({ baseURL: server.url, ...options })).newPage();
async function signIn(page: Page, name: string, secret: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Name' }).fill(name);
  await page.getByLabel('Password or access key').fill(secret);
  await page.getByRole('button', { name: 'Sign in' }).click();
}
async function expectNoViolations(page: Page, where: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
  expect(violations.map(({ id, nodes }) => `${where}: ${id}: ${nodes.map((node) => `${node.target.join(' ')} ${node.failureSummary ?? ''}`).join(' | ')}`)).toEqual([]);
}

const invited = async (browser: Browser, page: Page, name: string): Promise<Page> => {
  const made = await page.request.post(`${server.url}/api/invitations`, { headers: asBoss, data: {} });
  expect(made.status(), await made.text()).toBe(201);
  const { secret } = (await made.json()) as { secret: string };
  const theirs = await open(browser);
  await theirs.goto(`/invite#${secret}`);
  await theirs.getByRole('textbox', { name: 'Name' }).fill(name);
  await theirs.getByLabel('Password').fill(PASSWORD);
  await theirs.getByRole('button', { name: 'Come in' }).click();
  await expect(theirs).toHaveURL(/\/shorts$/);
  return theirs;
};

test('a person makes keys of their own, sees each once, and revokes them', async ({ browser, page: first, request }) => {
  const page = await invited(browser, first, 'Kay');
  await page.goto('/settings');
  await page.getByRole('link', { name: 'Your keys' }).click();
  await expect(page.getByRole('heading', { name: 'Your keys', level: 1 })).toBeFocused();
  await expect(page.getByText('No key yet')).toBeVisible();
  await page.getByRole('button', { name: 'Make a key' }).click();
  await expect(page.getByRole('combobox', { name: 'Role' }), 'it is as they are').toHaveCount(0);
  await page.getByRole('textbox', { name: 'Name' }).fill('scripts');
  await page.getByRole('textbox', { name: 'Dollars a day' }).fill('2.50');
  await page.getByRole('dialog').getByRole('button', { name: 'Make a key' }).click();
  const shown = page.getByRole('dialog', { name: 'The key of scripts' });
  const secret = (await shown.locator('.mono').innerText()).trim();
  const asKay = { Authorization: `Bearer ${secret}` };
  expect((await request.get(`${server.url}/api/threads`, { headers: asKay })).status()).toBe(200);
  await shown.getByRole('button', { name: 'I have it' }).click();
  await expect(page.getByText(secret)).toHaveCount(0);
  const row = page.getByRole('listitem').filter({ hasText: 'scripts' });
  await expect(row).toContainText('$2.50 a day');
  await expect(row.getByRole('button', { name: 'Edit scripts' }), 'own ones are made and revoked').toHaveCount(0);
  for (const viewport of [{ width: 1280, height: 800 }, { width: 390, height: 844 }]) {
    await page.setViewportSize(viewport);
    await expectNoSidewaysScroll(page);
    await page.screenshot({ path: test.info().outputPath(`own-keys-${viewport.width}.png`) });
    await expectNoViolations(page, 'own keys');
  }
  await row.getByRole('button', { name: 'Revoke scripts' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await expect(row).toHaveCount(0);
  expect((await request.get(`${server.url}/api/threads`, { headers: asKay })).status()).toBe(401);
  // A session that a key opened makes none: what the key may not do, it could else give itself.
  const { secret: other } = (await (await page.request.post('/api/me/keys', { headers: { 'X-CSRF-Token': ((await (await page.request.get('/api/session')).json()) as { csrf: string }).csrf }, data: { name: 'other' } })).json()) as { secret: string };
  const byKey = await open(browser);
  await byKey.goto('/settings/keys');
  await signIn(byKey, '', other);
  await byKey.getByRole('button', { name: 'Make a key' }).click();
  await byKey.getByRole('textbox', { name: 'Name' }).fill('more');
  await byKey.getByRole('dialog').getByRole('button', { name: 'Make a key' }).click();
  await expect(byKey.getByText('sign in with your name and password to make keys of your own')).toBeVisible();
  const { id } = ((await (await request.get(`${server.url}/api/users`, { headers: asBoss })).json()) as { items: { id: string; name: string }[] }).items.find(({ name }) => name === 'Kay')!;
  expect((await request.delete(`${server.url}/api/users/${id}`, { headers: asBoss })).ok()).toBe(true);
});

test('whoever is invited comes in, has their own, and is out at once when disabled', async ({ browser, request }) => {
  const made = await request.post(`${server.url}/api/providers`, { headers: asBoss, data: { name: 'lab', preset: 'openai', base_url: `${double.url}/openai/v1`, key: 'sk-double', is_free: true } });
  expect(made.status(), await made.text()).toBe(201);
  expect((await request.post(`${server.url}/api/providers/lab/check`, { headers: asBoss })).ok()).toBe(true);
  expect((await request.post(`${server.url}/api/threads`, { headers: asBoss, data: { title: 'Secret plans', model: 'lab/double' } })).status()).toBe(201);

  const boss = await open(browser);
  await boss.goto('/settings/people');
  await signIn(boss, '', key);
  await expect(boss.getByRole('heading', { name: 'People', level: 1 })).toBeVisible();
  await expect(boss.getByText('Nobody signs in by name yet')).toBeVisible();
  await boss.getByRole('button', { name: 'Invite', exact: true }).click();
  await boss.getByRole('textbox', { name: 'For whom' }).fill('Ada');
  await boss.getByRole('button', { name: 'Make the link' }).click();
  const shown = boss.getByRole('dialog', { name: 'An invitation' });
  const link = await shown.getByText(/\/invite#ai_/).innerText();
  await shown.getByRole('button', { name: 'I have copied it' }).click();
  await expect(boss.getByRole('listitem').filter({ hasText: '0 of 1 used' })).toBeVisible();

  const ada = await open(browser);
  await ada.goto(link);
  await expect(ada.getByRole('heading', { name: 'You are invited' })).toBeVisible();
  await ada.getByRole('textbox', { name: 'Name' }).fill('Ada');
  await ada.getByLabel('Password').fill('short');
  await ada.getByRole('button', { name: 'Come in' }).click();
  await expect(ada.getByText('a password has 10 to 256 bytes')).toBeVisible();
  await ada.getByLabel('Password').fill(PASSWORD);
  await ada.getByRole('button', { name: 'Come in' }).click();
  await expect(ada).toHaveURL(/\/shorts$/);
  await ada.goto('/c');
  await expect(ada.getByText('Secret plans')).toHaveCount(0);
  expect(((await (await ada.request.get('/api/threads')).json()) as { items: unknown[] }).items).toEqual([]);
  await ada.getByRole('textbox', { name: 'Message', exact: true }).fill('hello');
  await ada.getByRole('textbox', { name: 'Message', exact: true }).press('Enter');
  await expect(ada.getByText('Echo: hello')).toBeVisible();
  await ada.goto('/settings/people');
  await expect(ada.getByText('Only an administrator sees people')).toBeVisible();
  await ada.goto('/settings');
  await expect(ada.getByText('Signed in as Ada, member.')).toBeVisible();

  await boss.reload();
  await boss.getByRole('button', { name: 'Disable Ada' }).click();
  await boss.getByRole('dialog').getByRole('button', { name: 'Disable' }).click();
  await expect(boss.getByRole('button', { name: 'Enable Ada' })).toBeVisible();
  // Her page learns of it by itself.
  await expect(ada.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await signIn(ada, 'Ada', PASSWORD);
  await expect(ada.getByText('you may not sign in any more')).toBeVisible();

  await boss.getByRole('button', { name: 'Enable Ada' }).click();
  await expect(boss.getByRole('button', { name: 'Disable Ada' })).toBeVisible();
  await signIn(ada, 'ada', 'not her password');
  await expect(ada.getByText('This does not open the studio')).toBeVisible();
  await signIn(ada, 'ada', PASSWORD);
  await expect(ada.getByText('Signed in as Ada, member.')).toBeVisible();
  // The link is used up.
  const other = await open(browser);
  await other.goto(link);
  await expect(other.getByText('This invitation is over')).toBeVisible();
});

test('sessions are seen and ended from another place', async ({ browser }) => {
  const here = await open(browser, { userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' });
  await here.goto('/settings');
  await signIn(here, 'Ada', PASSWORD);
  await expect(here.getByText('Signed in as Ada')).toBeVisible();
  const there = await open(browser);
  await there.goto('/settings/sessions');
  await signIn(there, 'Ada', PASSWORD);
  await expect(there.getByText('This one')).toBeVisible();
  await there.getByRole('button', { name: 'Sign out Firefox on Linux' }).click();
  await expect(there.getByRole('heading', { name: 'Firefox on Linux' })).toHaveCount(0);
  await expect(here.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await there.getByRole('button', { name: 'Password' }).click();
  await there.getByLabel('The one you have').fill('not this one');
  await there.getByLabel('The new one').fill('an even longer password');
  await there.getByRole('button', { name: 'Set it' }).click();
  await expect(there.getByText('this is not your password now').first()).toBeVisible();
  await there.getByLabel('The one you have').fill(PASSWORD);
  await there.getByRole('button', { name: 'Set it' }).click();
  await expect(there.getByText('The new password is in force')).toBeVisible();
  await expect(there.getByRole('listitem').filter({ hasText: 'signed in' })).toHaveCount(1);
});

for (const colorScheme of themes)
  test(`these pages keep the rules of access and fit a phone, ${colorScheme}`, async ({ browser, request }) => {
    const invitation = (await (await request.post(`${server.url}/api/invitations`, { headers: asBoss, data: { note: 'Somebody with a rather long name of their own' } })).json()) as { secret: string };
    const page = await open(browser, { colorScheme, reducedMotion: 'reduce', viewport: { width: 375, height: 812 } });
    await page.goto(`/invite#${invitation.secret}`);
    await expect(page.getByRole('heading', { name: 'You are invited' })).toBeVisible();
    await expectNoViolations(page, 'invite');
    await expectNoSidewaysScroll(page);
    await page.goto('/settings/people');
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
    await expectNoViolations(page, 'sign in');
    await expectNoSidewaysScroll(page);
    await signIn(page, '', key);
    await expect(page.getByRole('heading', { name: 'People', level: 1 })).toBeVisible();
    for (const [path, heading] of [['/settings/people', 'People'], ['/settings/sessions', 'Sessions']] as const) {
      await page.goto(path);
      await expect(page.getByRole('heading', { name: heading, level: 1 })).toBeVisible();
      await expect(page.locator('[aria-busy], .skeleton')).toHaveCount(0);
      await expectNoViolations(page, path);
      await expectNoSidewaysScroll(page);
    }
    await page.goto('/settings/people');
    await page.getByRole('button', { name: 'Invite', exact: true }).click();
    await expectNoViolations(page, 'the form');
  });
