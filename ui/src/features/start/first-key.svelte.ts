import type { Model, ProviderChange, ProviderPreset } from '$lib/api/gateway-types';
import { asProblem, Problem } from '$lib/api/problem';
import { gatewayCalls } from '$lib/gateway/calls';
import type { Studio } from '$lib/state/studio.svelte';
import { t } from './words';

// Of a provider's models, the one to begin with: one whose price is known is one that is known to talk. Lists hold embeddings and pictures, too.
export function firstToTalk(models: readonly Model[], provider: string): string {
  const own = models.filter((model) => model.provider === provider);
  const known = own.find(({ output_price: price }) => typeof price === 'string' && Number(price) > 0) ?? own[0];
  return known?.name ?? '';
}

// A provider is added with its key, and asked for its models at once. One that does not answer as it should is not kept, and what it said stands in the form.
export class FirstKey {
  presets = $state.raw<ProviderPreset[]>([]);
  #studio: Studio;
  #onready: (model: string) => void;

  constructor(studio: Studio, onready: (model: string) => void) {
    this.#studio = studio;
    this.#onready = onready;
  }

  async open(): Promise<boolean> {
    try {
      this.presets = (await gatewayCalls(this.#studio.api).presets()).items;
      return true;
    } catch (error) {
      this.#studio.complain(error, () => void this.open());
      return false;
    }
  }
  async save(name: string, change: ProviderChange): Promise<void> {
    const calls = gatewayCalls(this.#studio.api);
    await calls.addProvider({ ...change, name });
    let found;
    try {
      found = await calls.checkProvider(name);
    } catch (error) {
      found = { is_ok: false, error: asProblem(error).message, model_count: 0 };
    }
    if (!found.is_ok) {
      await calls.removeProvider(name);
      throw new Problem({ code: 'provider_refused', title: t('refused', { name }), detail: found.error });
    }
    const model = firstToTalk((await calls.models()).items, name);
    if (model === '') this.#studio.toasts.show({ text: t('worksNone') });
    else this.#studio.toasts.show({ tone: 'ok', text: t('works', { count: found.model_count }), detail: t('chosen', { model }) });
    this.#onready(model);
  }
}
