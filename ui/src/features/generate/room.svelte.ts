import { generationCalls } from '$lib/api/generations';
import type { Generation, InputRole, MediaKind, MediaModel } from '$lib/api/generation-types';
import type { Studio } from '$lib/state/studio.svelte';
import { Form } from './form/form.svelte';
import { InputUploads } from './form/uploads.svelte';
import { rollSeed, takes, valuesOf } from './form/values';
import { Made } from './made/made.svelte';
import { Pair, picturesOf, type Picture } from './made/gallery.svelte';
import { t } from './words';

// One kind of thing: what is to be made of it, and what was.
export class Room {
  readonly form: Form;
  readonly made: Made;
  readonly uploads: InputUploads;
  readonly pair = new Pair();
  upscalers = $state.raw<readonly MediaModel[]>([]);
  readonly pictures = $derived.by(() => this.made.shown.flatMap(picturesOf));
  enlarging = $state<string | null>(null); // the asset that is to be larger
  masking = $state<string | null>(null); // the asset whose mask is painted
  isSendingMask = $state(false);
  #studio: Studio;

  constructor(studio: Studio, kind: MediaKind) {
    this.#studio = studio;
    this.form = new Form(studio, kind);
    this.made = new Made(studio, kind === 'image' ? ['image', 'upscale'] : [kind]);
    this.uploads = new InputUploads(studio);
  }
  start(): void {
    this.made.start();
    void this.form.load().then(() => this.#beginWith());
    if (this.form.kind === 'image') void this.#loadUpscalers();
  }
  dispose(): void {
    this.made.dispose();
    this.form.dispose();
    this.uploads.dispose();
  }
  // What the address says it begins with: of a model that takes such a thing.
  async #beginWith(): Promise<void> {
    const id = this.#studio.router.query('with');
    if (id === '' || this.form.models.length === 0) return;
    this.#studio.router.setQuery({ with: null });
    try {
      const asset = await this.#studio.api.asset(id);
      const roles: readonly InputRole[] = asset.kind === 'image' ? ['first_frame', 'reference'] : ['recording'];
      const role = (model: MediaModel | undefined): InputRole | undefined => model && roles.find((one) => takes(this.form.kind, model.ability, one));
      const model = role(this.form.model) ? this.form.model : this.form.models.find(role);
      const found = role(model);
      if (!model || !found) return;
      if (model !== this.form.model) this.form.set({ model: model.id });
      this.form.addInput({ role: found, asset: asset.id, name: asset.name });
    } catch (error) {
      this.#studio.complain(error);
    }
  }
  async #loadUpscalers(): Promise<void> {
    try {
      this.upscalers = (await generationCalls(this.#studio.api).models('upscale')).items;
    } catch {
      // Then larger is not offered; the room works without it.
    }
  }

  async make(): Promise<void> {
    const made = await this.form.send();
    if (made) this.made.put(made);
  }

  again(made: Generation): void {
    if (made.kind !== this.form.kind) return;
    this.form.take(valuesOf(made));
    this.#studio.toasts.show({ text: t('made.inForm') });
  }
  variation(picture: Picture): void {
    if (picture.made.kind === this.form.kind) this.form.take(valuesOf(picture.made));
    this.form.set({ seed: rollSeed(), isSeedLocked: false, count: this.form.values.count || '1' });
    this.begin(picture);
    this.#studio.toasts.show({ text: t('picture.variationReady') });
  }
  begin(picture: Picture): void {
    this.form.addInput({ role: 'reference', asset: picture.asset, name: '' });
  }

  // A model that takes masks: the one that is chosen, or the first that does.
  readonly #masker = $derived.by(() => (this.form.ability.mask ? this.form.model : this.form.models.find(({ ability }) => ability.mask)));
  get canMask(): boolean {
    return this.#masker !== undefined;
  }
  mask(asset: string): void {
    if (this.#masker) this.form.set({ model: this.#masker.id });
    this.masking = asset;
  }
  async useMask(file: File): Promise<void> {
    const picture = this.masking;
    if (picture === null || this.isSendingMask) return;
    this.isSendingMask = true;
    const asset = await this.uploads.send(file);
    this.isSendingMask = false;
    if (!asset) return void (this.uploads.now?.problem && this.#studio.complain(this.uploads.now.problem));
    this.form.set({ inputs: [] });
    this.form.addInput({ role: 'reference', asset: picture, name: '' });
    this.form.addInput({ role: 'mask', asset: asset.id, name: t('input.mask') });
    this.masking = null;
    this.#studio.toasts.show({ text: t('mask.ready') });
  }
}
