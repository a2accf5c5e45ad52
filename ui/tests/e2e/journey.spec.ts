import { create, expect, ready, renderToEnd, test, twoScenes } from './studio';

test.use({ name: 'journey' });

test.describe('from a story to a video', () => {
  test('a story is pasted, rendered, watched, downloaded, edited and rendered again', async ({ page }) => {
    await page.goto('/');
    await expect(page.getByRole('heading', { name: 'Shorts', level: 1 })).toBeVisible();
    await expect(page.getByRole('button', { name: /The lighthouse keeper/ })).toBeVisible();

    await page.getByRole('textbox', { name: 'Story' }).fill(`# Home\n\n${twoScenes}`);
    await expect(page.getByText(/2 scenes · 8 words/)).toBeVisible();
    await page.getByRole('button', { name: 'Make a short' }).click();
    await expect(page).toHaveURL(/\/shorts\/[^/]+$/);
    await expect(page.getByRole('textbox', { name: 'Title' })).toHaveValue('Home');
    await expect(page.getByRole('button', { name: /^Scene 2,/ })).toBeVisible();
    await expect(page.getByRole('img', { name: /as it will be rendered/ })).toBeVisible();

    await page.getByRole('tab', { name: 'Voice' }).click();
    await page.getByRole('radio', { name: /Robert/ }).check({ force: true });
    await page.getByRole('tab', { name: 'Captions' }).click();
    await page.getByRole('radio', { name: /^Card/ }).check({ force: true });
    await page.getByRole('tab', { name: 'Background' }).click();
    await page.getByRole('radio', { name: /^Dunes/ }).check({ force: true });
    await page.getByRole('tab', { name: 'Export' }).click();
    await page.getByRole('radio', { name: /Square|1080 × 1080/ }).check({ force: true });
    await page.getByRole('radio', { name: '24' }).check({ force: true });
    await expect(page.getByText(/^Saved/)).toBeVisible();

    await page.getByRole('button', { name: 'Render', exact: true }).click();
    await expect(page).toHaveURL(/tab=export/);
    await expect(page.getByRole('list', { name: 'Steps' }).getByText(/Scene 1: speech/)).toBeVisible();
    await expect(page.getByRole('progressbar', { name: 'Progress of the render' })).toBeVisible();
    await ready(page);

    const video = page.locator('video');
    await expect(video).toBeVisible();
    await expect.poll(() => video.evaluate((node: HTMLVideoElement) => node.duration)).toBeGreaterThan(1);
    await expect(video.locator('track[kind=captions]')).toHaveCount(1);
    await video.focus();
    await page.keyboard.press('k');
    await expect.poll(() => video.evaluate((node: HTMLVideoElement) => node.currentTime)).toBeGreaterThan(0.1);
    await page.keyboard.press('k');
    expect(await video.evaluate((node: HTMLVideoElement) => node.paused)).toBe(true);

    for (const name of ['video.mp4', 'captions.srt', 'captions.vtt', 'captions.ass', 'poster.jpg', 'timeline.json']) {
      const download = page.waitForEvent('download');
      await page.getByRole('link', { name: `Download ${name}` }).click();
      expect(await (await download).failure(), name).toBeNull();
    }
    await page.getByRole('tab', { name: 'Captions' }).click();
    await expect(page.getByRole('button', { name: /The lamp|characters\/s/ }).first()).toBeVisible();

    await page.getByRole('tab', { name: 'Story' }).click();
    const story = page.getByRole('textbox', { name: 'Story' });
    await story.fill((await story.inputValue()).replace('come home', 'come home late'));
    await expect(page.getByRole('button', { name: /^Scene 2,.*needs rendering/ })).toBeVisible();
    await expect(page.getByRole('button', { name: /^Scene 1,.*needs rendering/ })).toHaveCount(0);
    await page.getByRole('button', { name: 'Render changes' }).click();
    await ready(page);
    await expect(page.getByRole('list', { name: 'Steps' }).getByText('Kept from before').first()).toBeVisible();
  });

  test('an example begins with one click, and shows in the list', async ({ page }) => {
    await page.goto('/shorts');
    const examples = page.getByRole('button', { name: /Why bread rises/ });
    // The list is no longer empty once another test made a short: then there are no examples.
    if (await examples.isVisible()) {
      await examples.click();
      await expect(page.getByRole('textbox', { name: 'Title' })).toHaveValue('Why bread rises');
    } else await create(page, '# Why bread rises\n\nAir.');
    await page.goto('/shorts');
    await expect(page.getByRole('link', { name: /Why bread rises/ })).toBeVisible();
  });

  test('a deleted short can be taken back', async ({ page }) => {
    const id = await create(page, '# Undo me\n\nOne scene.');
    await page.goto('/shorts');
    await page.getByRole('button', { name: 'Delete “Undo me”' }).click({ force: true });
    await expect(page.getByRole('link', { name: /Undo me/ })).toHaveCount(0);
    await page.getByRole('button', { name: 'Undo', exact: true }).click();
    await expect(page.getByRole('link', { name: /Undo me/ })).toBeVisible();
    expect((await page.request.get(`/api/productions/${id}`)).status()).toBe(200);
  });

  test('a dropped file becomes the story, and what was there can be had back', async ({ page }) => {
    await page.goto('/shorts');
    const story = page.getByRole('textbox', { name: 'Story' });
    await story.fill('Mine.');
    const transfer = await page.evaluateHandle(() => {
      const data = new DataTransfer();
      data.items.add(new File(['Dropped.\n\nSecond.'], 'story.md', { type: 'text/markdown' }));
      return data;
    });
    await story.dispatchEvent('drop', { dataTransfer: transfer });
    await expect(story).toHaveValue('Dropped.\n\nSecond.');
    await page.getByRole('button', { name: 'Undo', exact: true }).click();
    await expect(story).toHaveValue('Mine.');
  });

  test('a story that is refused says where and why', async ({ page }) => {
    await page.goto('/shorts');
    await page.getByRole('textbox', { name: 'Story' }).fill('First.\n\n![](http://example.test/a.png) Second.');
    await page.keyboard.press('Control+Enter');
    const alert = page.getByRole('alert');
    await expect(alert).toContainText('The story was not accepted');
    await expect(alert).toContainText('Line 3');
    await expect(alert.getByRole('button')).toContainText(/\w+_\w+/);
  });
});

test.describe('while it renders', () => {
  test('a reload goes on where it was, and the draft of the next story is still there', async ({ page }) => {
    await page.goto('/shorts');
    await page.getByRole('textbox', { name: 'Story' }).fill('Half a thought');
    const id = await create(page, `# Reload\n\n${twoScenes}\n\nAnd then the long night goes on, wave after wave, until the morning comes.`);
    await page.goto(`/shorts/${id}?tab=export`);
    await page.getByRole('button', { name: 'Render', exact: true }).click();
    await expect(page.getByRole('button', { name: 'Cancel render' })).toBeVisible();
    await page.reload();
    await expect(page.getByRole('tab', { name: 'Export' })).toHaveAttribute('aria-selected', 'true');
    await expect(page.getByRole('list', { name: 'Steps' }).getByText(/Scene 1: speech/)).toBeVisible();
    await ready(page);
    await expect(page.locator('video')).toBeVisible();
    await page.goto('/shorts');
    await expect(page.getByRole('textbox', { name: 'Story' })).toHaveValue('Half a thought');
  });

  test('typing survives a reload before it was saved', async ({ page }) => {
    const id = await create(page, '# Typed\n\nOne.');
    await page.goto(`/shorts/${id}`);
    const story = page.getByRole('textbox', { name: 'Story' });
    await story.click();
    await story.press('Control+End');
    await page.keyboard.type(' And more.');
    await page.reload();
    await expect(story).toHaveValue(/One\.\s+And more\./);
    await expect(page.getByText(/^Saved/)).toBeVisible();
    await expect.poll(async () => ((await (await page.request.get(`/api/productions/${id}`)).json()) as { story: string }).story).toContain('And more.');
  });

  test('it is cancelled and retried from Activity', async ({ page }) => {
    const id = await create(page, `# Stop me\n\n${'Every wave that comes ashore has a story of its own to tell, and it takes its time. '.repeat(4)}`);
    // A look at a scene is a run of its own, that nobody follows.
    const { scenes } = (await (await page.request.get(`/api/productions/${id}`)).json()) as { scenes: { id: string }[] };
    expect((await page.request.get(`/api/productions/${id}/scenes/${scenes[0]!.id}/preview?width=120`)).status()).toBe(200);
    expect((await page.request.post(`/api/productions/${id}/render`)).status()).toBe(202);
    await page.goto('/activity');
    await page.getByRole('button', { name: 'Cancel Stop me' }).click();
    const row = page.getByRole('article', { name: /Stop me/ }).first();
    await expect(row.getByText('Cancelled', { exact: true })).toBeVisible();
    await expect(page.getByRole('article', { name: 'Preview' })).toHaveCount(0);
    await page.getByRole('radio', { name: 'Running' }).check({ force: true });
    await expect(page).toHaveURL(/state=running/);
    await page.goto('/activity?state=failed');
    await page.getByRole('article', { name: /Stop me/ }).first().getByRole('button', { name: 'Try again' }).click();
    await page.goto('/activity');
    await page.getByRole('button', { name: 'Cancel Stop me' }).click();
    await expect(page.getByRole('button', { name: 'Cancel Stop me' })).toHaveCount(0);
  });

  test('an edit elsewhere never overwrites what is typed here: each scene may be had from either', async ({ page }) => {
    const id = await create(page, '# Two hands\n\nThe lamp is lit.\n\nThe ships come home.\n\nAll is well.');
    const told = async (): Promise<{ story: string; revision: number }> => (await page.request.get(`/api/productions/${id}`)).json();
    const editElsewhere = async (story: string): Promise<void> => {
      const { revision } = await told();
      expect((await page.request.put(`/api/productions/${id}/story`, { data: { story }, headers: { 'If-Match': `"${revision}"` } })).status()).toBe(200);
    };
    await page.goto(`/shorts/${id}`);
    const story = page.getByRole('textbox', { name: 'Story' });
    await expect(story).toHaveValue(/All is well\./);
    const disagree = async (mine: string, theirs: string): Promise<void> => {
      await story.fill(mine + ' And');
      await editElsewhere(theirs);
      await story.fill(mine);
      await expect(page.getByText('was changed elsewhere')).toBeVisible();
      await expect(story).toHaveValue(mine);
    };
    await disagree('The lamp is out.\n\nThe ships come home.\n\nAll is well again.', 'The lamp is bright.\n\nThe ships come home.\n\nAll is well.\n\nTheir own.');
    const first = page.getByRole('group', { name: 'Difference 1' });
    await expect(first.getByRole('radio', { name: /Mine.*out/ })).toBeChecked();
    await expect(page.getByRole('group', { name: 'Difference 2' }).getByRole('radio', { name: /Mine.*again/ })).toBeChecked();
    await expect(page.getByRole('group', { name: 'Difference 3' }).getByRole('radio', { name: /Theirs.*own/ })).toBeChecked();
    // By keyboard.
    await first.getByRole('radio', { name: /Mine/ }).focus();
    await page.keyboard.press('ArrowDown');
    await page.getByRole('button', { name: 'Use what is chosen' }).click();
    await expect.poll(async () => (await told()).story).toBe('The lamp is bright.\n\nThe ships come home.\n\nAll is well again.\n\nTheir own.\n');
    await expect(page.getByText('was changed elsewhere')).toHaveCount(0);
    await expect(page.getByText(/^Saved/)).toBeVisible();

    await disagree('Mine alone.', 'Theirs alone.');
    await page.getByRole('button', { name: 'Use theirs' }).click();
    await expect(story).toHaveValue(/^Theirs alone\.\s*$/);
    await page.getByRole('button', { name: 'Undo', exact: true }).last().click();
    await expect(story).toHaveValue('Mine alone.');
    await expect.poll(async () => (await told()).story).toBe('Mine alone.\n');

    await disagree('Mine once more.', 'Theirs once more.');
    await page.getByRole('button', { name: 'Use mine' }).click();
    await expect.poll(async () => (await told()).story).toBe('Mine once more.\n');

    await disagree('Mine at last.', 'Theirs at last.');
    await page.reload();
    await expect(page.getByText('was changed elsewhere')).toBeVisible();
    await page.getByRole('button', { name: 'Keep mine as a copy' }).click();
    await expect(page.getByRole('textbox', { name: 'Title' })).toHaveValue(/\(my copy\)/);
    await expect(story).toHaveValue(/Mine at last\./);
    expect((await told()).story).toBe('Theirs at last.\n');
  });
});

test('a finished short plays after a fresh start of the page', async ({ page }) => {
  const id = await create(page, '# Short\n\nHello there.');
  await page.goto(`/shorts/${id}`);
  await renderToEnd(page);
  await page.goto(`/shorts/${id}`);
  await expect(page.locator('video')).toBeVisible();
});
