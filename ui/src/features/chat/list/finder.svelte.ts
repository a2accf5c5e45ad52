import { chatCalls, type ChatCalls } from '$lib/api/chat';
import type { SearchHit } from '$lib/api/chat-types';
import { asProblem, isAbort, type Problem } from '$lib/api/problem';
import type { Studio } from '$lib/state/studio.svelte';

const PAUSE_MS = 150; // of typing
const LETTERS_MIN = 2;
const FOUND_MAX = 20;

// A snippet in pieces: what was found in it, and what is between.
export function piecesOf({ snippet, hits }: Pick<SearchHit, 'snippet' | 'hits'>): { text: string; isHit: boolean }[] {
  const pieces: { text: string; isHit: boolean }[] = [];
  let end = 0;
  for (const { at, length } of hits.toSorted((a, b) => a.at - b.at)) {
    if (at < end || at + length > snippet.length) continue;
    if (at > end) pieces.push({ text: snippet.slice(end, at), isHit: false });
    pieces.push({ text: snippet.slice(at, at + length), isHit: true });
    end = at + length;
  }
  if (end < snippet.length) pieces.push({ text: snippet.slice(end), isHit: false });
  return pieces;
}

// Messages of any thread that have the words looked for.
export class Finder {
  found = $state.raw<readonly SearchHit[]>([]);
  asked = $state(''); // what `found` answers
  isComplete = $state(true);
  problem = $state.raw<Problem | null>(null);
  #calls: ChatCalls;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | null = null;

  constructor(studio: Pick<Studio, 'api'>) {
    this.#calls = chatCalls(studio.api);
  }
  dispose(): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  look(query: string): void {
    this.dispose();
    const wanted = query.trim();
    if (wanted.length < LETTERS_MIN) {
      this.found = [];
      this.asked = '';
      this.problem = null;
    } else this.#timer = setTimeout(() => void this.#ask(wanted), PAUSE_MS);
  }
  async #ask(wanted: string): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    try {
      const answer = await this.#calls.search(wanted, FOUND_MAX, abort.signal);
      if (abort.signal.aborted) return;
      this.found = answer.items;
      this.isComplete = answer.is_complete;
      this.problem = null;
    } catch (error) {
      if (isAbort(error) || abort.signal.aborted) return;
      this.found = [];
      this.problem = asProblem(error);
    }
    this.asked = wanted;
  }
}
