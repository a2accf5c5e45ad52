import { asProblem, isAbort, Problem } from '$lib/api/problem';
import { generationCalls, type GenerationCalls } from '$lib/api/generations';
import type { Ability, Generation, MediaKind, MediaModel, NewGeneration } from '$lib/api/generation-types';
import { newKey } from '$lib/media/secure';
import type { Studio } from '$lib/state/studio.svelte';
import { t } from '../words';
import { bodyOf, fieldOf, fitShape, isReady, readValues, roomFor, takes, withInput, type Field, type Input, type Values, type Wrongs } from './values';

const ESTIMATE_AFTER_MS = 350;
const NOTHING: Ability = { prompt_bytes_max: 0, needs_prompt: false, count_max: 1 };

// undefined: not asked yet, or it cannot be said of what is filled in. null: no price is known.
export type Price = number | null | undefined;

// What is to be made, as it is being filled in. It stays as it is when it is sent, and is kept through reloads.
export class Form {
  readonly kind: MediaKind;
  values = $state.raw<Values>(readValues(undefined));
  models = $state.raw<readonly MediaModel[]>([]);
  isLoaded = $state(false);
  isBusy = $state(false);
  problem = $state.raw<Problem | null>(null); // of no field, or of reading the models
  wrongs = $state.raw<Wrongs>({});
  price = $state.raw<Price>(undefined);
  readonly model = $derived(this.models.find(({ id }) => id === this.values.model));
  readonly ability = $derived(this.model?.ability ?? NOTHING);
  #studio: Studio;
  #calls: GenerationCalls;
  #key = newKey(); // one for what is filled in: sent twice by a bad connection, it is made once
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking: AbortController | null = null;

  constructor(studio: Studio, kind: MediaKind) {
    this.#studio = studio;
    this.#calls = generationCalls(studio.api);
    this.kind = kind;
    this.values = readValues(studio.drafts.read(this.#draft)?.text);
  }
  get #draft(): string {
    return `make.${this.kind}`;
  }
  dispose(): void {
    clearTimeout(this.#timer);
    this.#asking?.abort();
  }

  async load(): Promise<void> {
    this.problem = null;
    try {
      const { items } = await this.#calls.models(this.kind);
      this.models = items;
      this.isLoaded = true;
      if (!this.model && items[0]) this.set({ model: items[0].id });
      this.#estimateSoon();
    } catch (error) {
      this.problem = asProblem(error);
    }
  }

  set(change: Partial<Values>): void {
    this.values = { ...this.values, ...change };
    this.#key = newKey();
    this.problem = null;
    // What was wrong with a field is no longer said once it is changed; another model takes other things.
    this.wrongs = 'model' in change ? {} : Object.fromEntries(Object.entries(this.wrongs).filter(([name]) => !(name in change)));
    this.#studio.drafts.write(this.#draft, { text: JSON.stringify(this.values), base: 0 });
    this.#estimateSoon();
  }
  // All of it, such as what made something that is there.
  take(values: Values): void {
    const model = this.models.some(({ id }) => id === values.model) ? values.model : this.values.model;
    const ability = this.models.find(({ id }) => id === model)?.ability ?? NOTHING;
    this.set(fitShape({ ...values, model }, ability));
  }
  addInput(input: Input): void {
    const most = roomFor(this.ability, input.role);
    if (takes(this.kind, this.ability, input.role) && most > 0) this.set({ inputs: withInput(this.values.inputs, input, most) });
  }
  removeInput(input: Input): void {
    // The mask goes with its picture.
    this.set({ inputs: this.values.inputs.filter((each) => each !== input && !(input.role === 'reference' && each.role === 'mask')) });
  }
  wrong(field: Field): string {
    return this.wrongs[field] ?? '';
  }

  #read(): { body: NewGeneration; wrongs: Wrongs } {
    return bodyOf(this.kind, this.values, this.ability, { number: t('wrong.number'), json: t('wrong.json'), size: t('wrong.size') });
  }

  #estimateSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#estimate(), ESTIMATE_AFTER_MS);
  }
  async #estimate(): Promise<void> {
    this.#asking?.abort();
    const { body, wrongs } = this.#read();
    // Of what cannot be made yet there is no price.
    const isUnready = !this.model || Object.keys(wrongs).length > 0 || !isReady(this.kind, body, this.ability);
    if (isUnready) return void (this.price = undefined);
    const asking = (this.#asking = new AbortController());
    try {
      const { candidates } = await this.#calls.estimate(body, asking.signal);
      const known = candidates.flatMap(({ cost_picodollars: cost }) => (cost === null ? [] : [cost]));
      this.price = known.length > 0 ? Math.max(...known) : null;
    } catch (error) {
      if (!isAbort(error)) this.price = undefined;
    }
  }

  // null: it was refused, and the form says why.
  async send(): Promise<Generation | null> {
    if (this.isBusy || !this.model) return null;
    const { body, wrongs } = this.#read();
    this.wrongs = wrongs;
    if (Object.keys(wrongs).length > 0) return null;
    this.isBusy = true;
    this.problem = null;
    const key = this.#key;
    try {
      const made = await this.#calls.create(body, key);
      if (this.#key === key) this.#key = newKey();
      return made;
    } catch (error) {
      const problem = asProblem(error);
      const field = fieldOf(problem.where);
      if (field) this.wrongs = { ...this.wrongs, [field]: problem.detail || problem.title };
      else this.problem = problem;
      return null;
    } finally {
      this.isBusy = false;
    }
  }
}
