import { asProblem, Problem } from '$lib/api/problem';
import type { Background, Production, ProductionSummary, Run, Settings, StudioEvent } from '$lib/api/types';
import { t } from './words';
import { newKey } from '$lib/media/secure';
import { History } from '$lib/state/history.svelte';
import type { Studio } from '$lib/state/studio.svelte';
import { UNDO_MS } from '$lib/state/undoable';
import { carry, putIn, takeOut } from '$lib/story/pictures';
import { hasScenesOf, pictureOf, sceneViews } from './scenes';

export type SaveWord = 'saved' | 'typing' | 'saving' | 'offline' | 'refused';
export interface SceneChange {
  background?: Background | null;
  voice?: string | null;
}
const SAVE_AFTER_MS = 800;
const TRY_AGAIN_MS = 5000;

// One short while it is edited. The server is the truth; what is typed lies over it until it is saved. Writes go out one
// after another, each with the revision it was based on.
export class Editor {
  production = $state.raw<Production | null>(null);
  loadProblem = $state.raw<Problem | null>(null);
  story = $state('');
  isDirty = $state(false);
  save = $state<SaveWord>('saved');
  savedAt = $state<string | null>(null);
  saveProblem = $state.raw<Problem | null>(null);
  conflict = $state.raw<Production | null>(null);
  isGone = $state(false);
  isStarting = $state(false);
  readonly history = new History();
  // The story as a person sees it: words, and pictures beside them.
  readonly written = $derived(takeOut(this.story));
  readonly scenes = $derived(this.production ? sceneViews(this.production, this.story, this.isDirty) : []);
  readonly run = $derived.by(() => this.studio.runs.find(this.production?.run?.id) ?? this.production?.run ?? null);
  // Until it is known what came of the run, so that nothing is offered in between.
  readonly isRendering = $derived(this.run?.state === 'running' || (this.run !== null && this.production?.state === 'rendering'));
  readonly state = $derived(this.isRendering ? 'rendering' : this.isDirty && this.production?.state === 'ready' ? 'stale' : (this.production?.state ?? 'draft'));

  readonly id: string;
  private readonly studio: Studio;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writes: Promise<unknown> = Promise.resolve();
  #writing = 0;
  #stops: (() => void)[] = [];
  #onReady: () => void;
  #attic = new Map<string, string>(); // pictures of scenes that were deleted or cut

  constructor(studio: Studio, id: string, onReady: () => void) {
    this.studio = studio;
    this.id = id;
    this.#onReady = onReady;
  }

  get #draft(): string {
    return `story.${this.id}`;
  }

  start(): void {
    const flush = (): void => this.#sendLast();
    addEventListener('pagehide', flush);
    this.#stops = [
      this.studio.hub.listen((events) => this.#hear(events)),
      this.studio.hub.onFresh(() => void this.refresh()),
      () => removeEventListener('pagehide', flush),
    ];
    void this.load();
  }
  dispose(): void {
    this.#stops.forEach((stop) => stop());
    if (this.isDirty && this.save === 'typing') void this.saveStory();
    clearTimeout(this.#timer);
  }

  async load(): Promise<void> {
    this.loadProblem = null;
    try {
      this.#begin(await this.studio.api.production(this.id));
    } catch (error) {
      this.loadProblem = asProblem(error);
    }
  }

  #begin(production: Production): void {
    this.production = production;
    this.story = production.story;
    this.savedAt = production.updated_at;
    const draft = this.studio.drafts.read(this.#draft);
    if (draft && hasScenesOf(draft.text, production)) this.studio.drafts.clear(this.#draft);
    else if (draft) {
      this.story = draft.text;
      this.isDirty = true;
      if (draft.base === production.revision) this.#saveSoon();
      else this.conflict = production;
    }
    this.#followRun();
  }

  // What changed while nothing was heard.
  async refresh(): Promise<void> {
    if (!this.production || this.#writing > 0) return;
    try {
      const theirs = await this.studio.api.production(this.id);
      // Typed here and changed there: laid over each other, one of them would be lost.
      if (this.isDirty && theirs.story !== this.production.story && !hasScenesOf(this.story, theirs)) this.#disagree(theirs);
      else if (this.#writing === 0) this.#take(theirs);
    } catch (error) {
      if (asProblem(error).status === 404) this.isGone = true;
    }
  }

  #disagree(theirs: Production): void {
    clearTimeout(this.#timer);
    this.conflict = theirs;
    this.save = 'refused';
  }

  #take(production: Production): void {
    const before = this.production;
    this.production = production;
    if (!this.isDirty && before?.story !== production.story) this.story = production.story;
    if (this.isDirty) this.studio.drafts.write(this.#draft, { text: this.story, base: production.revision });
    this.#followRun();
  }

  #followRun(): void {
    const run = this.production?.run;
    if (!run) return;
    this.studio.runs.put(run);
    if (!this.studio.runs.find(run.id)?.steps) void this.studio.runs.load(run.id).catch(() => {});
  }

  #hear(events: readonly StudioEvent[]): void {
    for (const event of events) {
      if (event.type === 'production.changed' && event.data.id === this.id) this.#hearSummary(event.data);
      if (event.type === 'production.deleted' && event.data.id === this.id) this.isGone = true;
      if (event.type === 'run.changed' && event.data.kind === 'production.render' && event.data.subject === this.id) this.#hearRun(event.data);
    }
  }

  // Begun here, elsewhere, or told of before the answer to the call that began it. What came of it the production tells.
  #hearRun(run: Run): void {
    const known = this.production;
    if (!known || run.id < (known.run?.id ?? '')) return;
    if (run.id !== known.run?.id) {
      this.production = { ...known, state: 'rendering', run };
      this.#followRun();
    }
  }

  #hearSummary(summary: ProductionSummary): void {
    const known = this.production;
    if (!known) return;
    const isEnded = known.state === 'rendering' && summary.state !== 'rendering';
    if (summary.revision >= known.revision) {
      this.production = { ...known, state: summary.state, run: summary.run, video: summary.video, updated_at: summary.updated_at };
      this.#followRun();
    }
    if (isEnded && summary.state !== 'failed' && summary.video && summary.run?.state === 'succeeded') this.#onReady();
    if (isEnded && summary.run?.state === 'failed') {
      const { error } = summary.run;
      this.studio.toasts.show({ tone: 'bad', text: t('short.renderFailed'), detail: error?.detail ?? error?.message ?? '', code: error?.code ?? '' });
    }
    if (this.#writing === 0 && (summary.revision > known.revision || isEnded)) void this.refresh();
  }

  // ---- the story ----

  typeWords(text: string): void {
    if (text !== this.written.text) this.typeStory(putIn({ text, pictures: carry(this.written, text, this.#attic) }));
  }

  typeStory(text: string): void {
    if (text === this.story) return;
    this.story = text;
    this.isDirty = true;
    this.save = 'typing';
    this.studio.drafts.write(this.#draft, { text, base: this.production?.revision ?? 0 });
    if (!this.conflict) this.#saveSoon();
  }

  #saveSoon(ms = SAVE_AFTER_MS): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.saveStory(), ms);
  }

  // The page goes away: what waits is sent as its last words. The draft is kept, in case they do not arrive.
  #sendLast(): void {
    const { production } = this;
    if (!production || !this.isDirty || this.conflict || this.story.length > 30_000) return;
    this.studio.api.changeStory(this.id, production.revision, this.story, true).catch(() => {});
  }

  async saveStory(): Promise<boolean> {
    clearTimeout(this.#timer);
    if (!this.isDirty) return true;
    if (this.conflict) return false;
    const sent = this.story;
    const base = this.production?.story;
    const isSaved = await this.#write((revision) => this.studio.api.changeStory(this.id, revision, sent), (theirs) => theirs.story === base || hasScenesOf(sent, theirs));
    if (!isSaved) return false;
    if (this.story === sent) {
      this.isDirty = false;
      if (this.save === 'typing') this.save = 'saved';
      this.studio.drafts.clear(this.#draft);
    } else this.#saveSoon();
    return true;
  }

  // ---- choices ----

  changeTitle(title: string): void {
    const before = this.production?.title ?? '';
    if (title === before || title.trim() === '') return;
    const set = (value: string): void => this.#optimistic({ title: value }, (revision) => this.studio.api.changeProduction(this.id, revision, { title: value }));
    this.history.add({ redo: () => set(title), undo: () => set(before) });
    set(title);
  }

  changeSettings(settings: Partial<Settings>): void {
    const known = this.production?.settings;
    if (!known) return;
    const names = Object.keys(settings) as (keyof Settings)[];
    const before = Object.fromEntries(names.map((name) => [name, known[name]])) as Partial<Settings>;
    const set = (values: Partial<Settings>): void => {
      const { production } = this;
      if (!production) return;
      this.#optimistic({ settings: { ...production.settings, ...values } }, (revision) => this.studio.api.changeProduction(this.id, revision, { settings: values }));
    };
    this.history.add({ redo: () => set(settings), undo: () => set(before) });
    set(settings);
  }

  changeScene(sceneId: string, change: SceneChange): void {
    const known = this.production?.scenes.find((scene) => scene.id === sceneId);
    if (!known) return;
    const names = Object.keys(change) as (keyof SceneChange)[];
    const before = Object.fromEntries(names.map((name) => [name, known[name]])) as SceneChange;
    const set = (values: SceneChange): void => {
      const scenes = (this.production?.scenes ?? []).map((scene) => (scene.id === sceneId ? { ...scene, ...values, is_rendered: false } : scene));
      const at = scenes.findIndex((scene) => scene.id === sceneId);
      // The story names the picture too: what is typed before the answer must not take it away again.
      if (values.background !== undefined && at >= 0 && !this.isDirty) this.story = putIn({ ...this.written, pictures: scenes.map(pictureOf) });
      this.#optimistic({ scenes }, (revision) => this.studio.api.changeScene(this.id, revision, sceneId, values));
    };
    this.history.add({ redo: () => set(change), undo: () => set(before) });
    set(change);
  }

  // Of a scene as it is seen, saved or not. What cannot be saved now is kept with the story.
  async setPicture(index: number, asset: string | null): Promise<void> {
    const isSaved = await this.saveStory();
    const scene = this.production?.scenes[index];
    if (isSaved && scene) this.changeScene(scene.id, { background: asset === null ? null : { kind: 'asset', asset_id: asset } });
    else if (index < this.written.pictures.length) this.typeStory(putIn({ ...this.written, pictures: this.written.pictures.with(index, asset) }));
  }

  // Shown at once; when it is refused, the server's state is shown again and why.
  #optimistic(shown: Partial<Production>, send: (revision: number) => Promise<Production>): void {
    if (!this.production) return;
    this.production = { ...this.production, ...shown };
    void this.#write(send, () => true).then((isSaved) => {
      if (!isSaved) void this.refresh();
    });
  }

  // `mayRepeat`: whether a change found to be based on an old revision may be laid over theirs, since it overwrites nothing.
  #write(send: (revision: number) => Promise<Production>, mayRepeat: (theirs: Production) => boolean): Promise<boolean> {
    this.#writing += 1;
    this.save = 'saving';
    const result = this.#writes.then(async () => {
      try {
        this.#afterWrite(await this.#send(send, mayRepeat));
        return true;
      } catch (error) {
        this.#writing -= 1;
        this.#refused(asProblem(error));
        return false;
      }
    });
    this.#writes = result;
    return result;
  }

  async #send(send: (revision: number) => Promise<Production>, mayRepeat: (theirs: Production) => boolean): Promise<Production> {
    try {
      return await send(this.production?.revision ?? 0);
    } catch (error) {
      if (!asProblem(error).isConflict) throw error;
      const theirs = await this.studio.api.production(this.id);
      if (!mayRepeat(theirs)) {
        this.conflict = theirs;
        throw error;
      }
      return send(theirs.revision);
    }
  }

  #afterWrite(production: Production): void {
    this.#writing -= 1;
    this.saveProblem = null;
    this.savedAt = new Date().toISOString();
    // Choices still on their way stay shown; only the last answer has them all.
    if (this.#writing === 0) {
      this.#take(production);
      this.save = this.isDirty ? 'typing' : 'saved';
    } else if (this.production) this.production = { ...this.production, revision: production.revision };
  }

  #refused(problem: Problem): void {
    if (problem.isOffline) {
      this.save = 'offline';
      if (this.isDirty) this.#saveSoon(TRY_AGAIN_MS);
      return;
    }
    this.save = 'refused';
    if (this.conflict) return;
    // A scene that someone else took out while something was chosen for it: what is there now is read next.
    if (problem.code === 'scene_not_found') this.studio.complain(problem);
    else if (problem.status === 404) this.isGone = true;
    else this.saveProblem = problem;
  }

  // ---- conflict ----

  takeTheirs({ isKept = false } = {}): void {
    if (!this.conflict) return;
    const mine = this.story;
    this.studio.drafts.clear(this.#draft);
    this.isDirty = false;
    this.#take(this.conflict);
    this.story = this.conflict.story;
    this.conflict = null;
    this.save = 'saved';
    if (isKept || hasScenesOf(mine, this.production!)) return;
    this.studio.toasts.show({ text: t('conflict.aside'), action: { label: t('action.undo'), run: () => this.typeStory(mine) } }, UNDO_MS);
  }
  useMine(): void {
    this.useMixed(this.story);
  }
  useMixed(story: string): void {
    if (!this.conflict) return;
    this.production = this.conflict;
    this.conflict = null;
    this.typeStory(story);
    void this.saveStory();
  }
  async keepCopy(): Promise<void> {
    const { production } = this;
    if (!production) return;
    try {
      const body = { story: this.story, title: t('short.copyTitle', { title: production.title }), settings: production.settings };
      const copy = await this.studio.api.createProduction(body, newKey());
      this.takeTheirs({ isKept: true });
      this.studio.router.go(`/shorts/${copy.id}`);
    } catch (error) {
      this.studio.complain(error);
    }
  }

  // ---- rendering ----

  async render(): Promise<boolean> {
    if (this.isRendering || this.isStarting || !this.production) return false;
    this.isStarting = true;
    try {
      await this.#writes;
      if (!(await this.saveStory())) return false;
      const run = await this.studio.api.render(this.id, newKey());
      this.studio.runs.put(run);
      // A render with nothing left to do may have been told of, to its end, before this answer.
      if (this.production.run?.id !== run.id) this.production = { ...this.production, state: 'rendering', run };
      this.#followRun();
      return true;
    } catch (error) {
      this.studio.complain(error, () => void this.render());
      return false;
    } finally {
      this.isStarting = false;
    }
  }

  async cancelRender(): Promise<void> {
    if (!this.run) return;
    try {
      this.studio.runs.put(await this.studio.api.cancelRun(this.run.id));
    } catch (error) {
      this.studio.complain(error);
    }
  }
}
