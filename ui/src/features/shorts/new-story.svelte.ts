import { asProblem, type Problem } from '$lib/api/problem';
import type { Settings } from '$lib/api/types';
import { formatBytes } from '$lib/i18n/format';
import { t } from './words';
import { newKey } from '$lib/media/secure';
import type { Studio } from '$lib/state/studio.svelte';
import type { Example } from './examples';

const DRAFT = 'new';
const STORY_BYTES_MAX = 512 * 1024;

// The story that has no short yet.
export class NewStory {
  text = $state('');
  isBusy = $state(false);
  problem = $state.raw<Problem | null>(null);
  #studio: Studio;
  // One key for one story: sent twice by a bad connection, it makes one short.
  #key = newKey();

  constructor(studio: Studio) {
    this.#studio = studio;
    this.text = studio.drafts.read(DRAFT)?.text ?? '';
  }

  type(text: string): void {
    if (text !== this.text) this.#key = newKey();
    this.text = text;
    this.problem = null;
    this.#studio.drafts.write(DRAFT, { text, base: 0 });
  }

  async takeFile(file: File): Promise<void> {
    const limit = this.#studio.options?.limits['story_bytes'] ?? this.#studio.options?.limits['story_bytes_max'] ?? STORY_BYTES_MAX;
    if (file.size > limit) return this.#refuse(t('shorts.droppedTooLarge', { name: file.name, size: formatBytes(limit) }));
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
    } catch {
      return this.#refuse(t('shorts.droppedNotText', { name: file.name }));
    }
    if (text.includes('\0')) return this.#refuse(t('shorts.droppedNotText', { name: file.name }));
    const before = this.text;
    this.type(text);
    // A dropped file never throws away what was there.
    if (before.trim() !== '') this.#studio.toasts.show({ text: t('shorts.replaced', { name: file.name }), action: { label: t('action.undo'), run: () => this.type(before) } }, 10_000);
  }

  #refuse(text: string): void {
    this.#studio.toasts.show({ tone: 'bad', text });
  }

  async make(): Promise<void> {
    if (this.text.trim() === '') return;
    if (await this.#create(this.text, undefined, this.#key)) {
      this.text = '';
      this.#studio.drafts.clear(DRAFT);
    }
  }

  async makeExample(example: Example): Promise<void> {
    const options = this.#studio.options;
    const settings: Partial<Settings> = {};
    if (options?.captionStyles.some((style) => style.id === example.caption_style)) settings.caption_style = example.caption_style;
    if (options?.backgrounds.some((kind) => kind.id === example.background)) settings.background = { kind: example.background };
    await this.#create(example.story, settings, newKey());
  }

  async #create(story: string, settings: Partial<Settings> | undefined, key: string): Promise<boolean> {
    if (this.isBusy) return false;
    this.isBusy = true;
    this.problem = null;
    try {
      const production = await this.#studio.api.createProduction(settings ? { story, settings } : { story }, key);
      this.#studio.router.go(`/shorts/${production.id}`);
      return true;
    } catch (error) {
      this.problem = asProblem(error);
      return false;
    } finally {
      this.isBusy = false;
    }
  }
}
