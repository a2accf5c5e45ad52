import { chatCalls, type ChatCalls } from '$lib/api/chat';
import type { Model, ModelPage } from '$lib/api/gateway-types';
import { asProblem, type Problem } from '$lib/api/problem';
import { formatMoneyShort } from '$lib/gateway/money';
import { formatClock, formatDuration } from '$lib/i18n/format';
import type { Studio } from '$lib/state/studio.svelte';
import { t } from './words';

const LAST = 'chat.model';
// How models are doing changes without an event: it is read again when it is looked at, but not for every look.
const READ_AGAIN_MS = 10_000;
// While there is none, it is looked for one: a provider that was just added has its models a moment later, and no event says so.
const WAIT_FIRST_MS = 1000;
const WAIT_MAX_MS = 15_000;
// A provider whose list was never read has models that are not known yet. After so many looks it is taken to have none.
const UNREAD_LOOKS_MAX = 4;

export interface Choice {
  id: string;
  label: string;
  group: string; // whose it is
  state: string; // in words
  facts: string[]; // what it costs and how soon it begins, where that is known
  isReady: boolean;
}

const isFree = (price: string): boolean => Number(price) === 0;
function priceOf({ input_price: input, output_price: output }: Model): string[] {
  if (input == null || output == null) return [];
  return [isFree(input) && isFree(output) ? t('modelFree') : t('modelPrice', { input: formatMoneyShort(input), output: formatMoneyShort(output) })];
}
const speedOf = ({ health }: Model): string[] => (health && health.first_token_ms > 0 ? [formatDuration(health.first_token_ms)] : []);
function groupOf(model: Model, isHere: boolean): string {
  if (model.is_built_in) return t('groupStudio');
  if (model.kind === 'route') return t('groupRoutes');
  return isHere ? t('groupLocal') : (model.provider ?? '');
}
function stateOf({ is_built_in, kind, health }: Model): Pick<Choice, 'state' | 'isReady'> {
  if (is_built_in) return { state: t('modelGuide'), isReady: true };
  if (kind === 'route' || !health || (health.is_available && health.attempts === 0)) return { state: '', isReady: true };
  if (health.is_available) return { state: t('modelReady'), isReady: true };
  const seconds = Math.max(1, Math.ceil(health.opens_in_ms / 1000));
  return { state: t('modelDown', { time: seconds < 60 ? t('seconds', { count: seconds }) : formatClock(health.opens_in_ms) }), isReady: false };
}

// isHere: its provider is on this machine.
export function choiceOf(model: Model, isHere: boolean): Choice {
  const id = model.name ?? model.id;
  return { id, label: id, group: groupOf(model, isHere), facts: model.is_built_in ? [] : [...priceOf(model), ...speedOf(model)], ...stateOf(model) };
}
// All of it in a line, for lists.
export const lineOf = ({ id, label, group, state, facts }: Choice) => ({ id, group, label: [label, state, ...facts].filter(Boolean).join(' · ') });

// What can be asked, and which one is.
export class ModelChoices {
  models = $state.raw<Model[]>([]);
  isLoaded = $state(false); // and whether there are any is known
  ready: Promise<void> = Promise.resolve(); // once they were read, or could not be
  problem = $state.raw<Problem | null>(null);
  last = $state(''); // chosen last, in any thread
  readonly #others = $derived(this.models.filter((model) => !model.is_built_in)); // beside what is part of the studio
  listings = $state.raw<ModelPage['providers']>([]);
  readonly #here = $derived(new Set(this.listings.flatMap(({ name, is_found }) => (is_found ? [name] : []))));
  readonly choices = $derived([...this.#others, ...this.models.filter((model) => model.is_built_in)].map((model) => choiceOf(model, this.#here.has(model.provider ?? ''))));
  // Nobody was configured, or nobody who was has a model: a new thread says what there is to do.
  readonly isFirst = $derived(this.isLoaded && (this.#others.length === 0 || this.listings.every((listing) => listing.is_found || listing.is_built_in)));
  #studio: Pick<Studio, 'api' | 'drafts'>;
  #calls: ChatCalls;
  #readAt = 0;
  #looks = 0; // that found none
  #wait = WAIT_FIRST_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isDisposed = false;

  constructor(studio: Pick<Studio, 'api' | 'drafts'>) {
    this.#studio = studio;
    this.#calls = chatCalls(studio.api);
    this.last = studio.drafts.read(LAST)?.text ?? '';
  }

  load(): Promise<void> {
    this.#readAt = Date.now();
    return (this.ready = this.#read());
  }
  async #read(): Promise<void> {
    try {
      const { items, providers } = await this.#calls.models();
      this.models = items;
      this.listings = providers;
      const isNone = this.#others.length === 0;
      if (isNone) this.#looks += 1;
      const isUnread = isNone && providers.some(({ listed_at, last_error, is_built_in }) => !is_built_in && listed_at === null && last_error === '');
      if (!isUnread || this.#looks >= UNREAD_LOOKS_MAX) this.isLoaded = true;
      this.problem = null;
    } catch (error) {
      this.problem = asProblem(error);
    }
    clearTimeout(this.#timer);
    if (this.#others.length > 0 || this.#isDisposed) return;
    this.#timer = setTimeout(() => void this.load(), this.#wait);
    this.#wait = Math.min(WAIT_MAX_MS, this.#wait * 2);
  }
  dispose(): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
  }
  look(): void {
    if (Date.now() - this.#readAt > READ_AGAIN_MS) void this.load();
  }
  choose(id: string): void {
    this.last = id;
    this.#studio.drafts.write(LAST, { text: id, base: 0 });
  }
  // What a thread asks: what was chosen in it, else what was chosen last and is still there, else the first that answers. What is part of the studio is asked where it is known that there is nobody else.
  for(model: string): string {
    if (model !== '') return model;
    if (this.choices.some(({ id }) => id === this.last)) return this.last;
    const choices = this.#others.length === 0 && this.isLoaded ? this.choices : this.choices.slice(0, this.#others.length);
    return (choices.find(({ isReady }) => isReady) ?? choices[0])?.id ?? this.last;
  }
}
