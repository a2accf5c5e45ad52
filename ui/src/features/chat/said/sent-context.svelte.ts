import { chatCalls } from '$lib/api/chat';
import type { Summary } from '$lib/api/chat-types';
import type { Api } from '$lib/api/client';
import type { Facts } from '../entry.svelte';

// What of a branch an answer's model was sent, and the summary that stood in place of the rest.
export class SentContext {
  readonly from: number; // the first message that it was sent as it is; 0: it was sent all of them
  readonly upto: number; // the last that a summary stood for; 0: there was none
  readonly leftOut: number; // how many messages neither stood for
  summary = $state.raw<Summary | null>(null);
  state = $state<'unread' | 'read' | 'none' | 'failed'>('unread');
  #api: Pick<Api, 'call' | 'tell'>;
  #thread: string;

  // `way` is the branch from its beginning to the answer.
  constructor(api: Pick<Api, 'call' | 'tell'>, thread: string, { context }: Pick<Facts, 'context'>, way: readonly number[]) {
    this.#api = api;
    this.#thread = thread;
    this.from = context?.from ?? 0;
    this.upto = context?.summarised_upto ?? 0;
    this.leftOut = way.filter((number) => number > this.upto && number < this.from).length;
  }

  async load(): Promise<void> {
    if (this.state === 'read' || this.state === 'none') return;
    this.state = 'unread';
    try {
      const { items } = await chatCalls(this.#api).summaries(this.#thread);
      this.summary = items.find(({ upto }) => upto === this.upto) ?? null;
      this.state = this.summary ? 'read' : 'none';
    } catch {
      this.state = 'failed';
    }
  }
}
