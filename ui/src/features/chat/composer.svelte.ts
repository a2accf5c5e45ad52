import type { Part } from '$lib/api/chat-types';
import { newKey } from '$lib/media/secure';
import type { Drafts } from '$lib/state/drafts';
import type { Outgoing } from './room.svelte';

// Longer text than this does not go into the box: laying it out there would hold the page up at every key.
export const PASTE_MAX = 64 * 1024;

// What is being written in a thread. It knows nothing of the thread, so that typing under a long one is as quick as under none.
export class Composer {
  text = $state('');
  pasted = $state.raw<readonly string[]>([]);
  readonly isEmpty = $derived(this.text.trim() === '' && this.pasted.length === 0);
  #drafts: Drafts;
  #name: () => string;
  #under = ''; // the name its draft is kept under
  #returned: (Outgoing & { text: string }) | null = null;

  constructor(drafts: Drafts, name: () => string) {
    this.#drafts = drafts;
    this.#name = name;
    this.#under = name();
    this.text = drafts.read(this.#under)?.text ?? '';
    this.pasted = readPasted(drafts.read(`${this.#under}.pasted`)?.text);
  }

  type(text: string): void {
    this.text = text;
    this.#keep();
  }
  // False: it is short enough for the box.
  paste(text: string): boolean {
    if (text.length <= PASTE_MAX) return false;
    this.pasted = [...this.pasted, text];
    this.#keepPasted();
    return true;
  }
  removePasted(at: number): void {
    this.pasted = this.pasted.toSpliced(at, 1);
    this.#keepPasted();
  }

  #keep(): void {
    const name = this.#name();
    if (name !== this.#under) {
      this.#forget();
      this.#under = name;
      this.#keepPasted();
    }
    if (this.isEmpty) this.#forget();
    else this.#drafts.write(name, { text: this.text, base: 0 });
  }
  // Apart from the text: it is long, and need not be written again with every key.
  #keepPasted(): void {
    const name = `${this.#under}.pasted`;
    if (this.pasted.length > 0) this.#drafts.write(name, { text: JSON.stringify(this.pasted), base: 0 });
    else this.#drafts.clear(name);
  }
  #forget(): void {
    this.#drafts.clear(this.#under);
    this.#drafts.clear(`${this.#under}.pasted`);
  }

  // Empties the box. The draft stays until the server has it.
  take(): Outgoing & { text: string; pasted: readonly string[] } {
    const { text, pasted } = this;
    const parts: Part[] = [...pasted, ...(text.trim() === '' ? [] : [text.trim()])].map((each) => ({ type: 'text', text: each }));
    const isAgain = this.#returned !== null && JSON.stringify(this.#returned.parts) === JSON.stringify(parts);
    this.text = '';
    this.pasted = [];
    return { parts, key: isAgain ? this.#returned!.key : newKey(), text, pasted };
  }
  accepted(): void {
    this.#returned = null;
    if (this.isEmpty) return this.#forget();
    this.#keep();
    this.#keepPasted();
  }
  // It was refused: it stands in the box again, unless something else does by now.
  giveBack(out: ReturnType<Composer['take']>): void {
    if (!this.isEmpty) return;
    this.#returned = out;
    this.text = out.text;
    this.pasted = out.pasted;
    this.#keep();
    this.#keepPasted();
  }
}

function readPasted(text: string | undefined): string[] {
  try {
    const read: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(read) ? read.filter((each) => typeof each === 'string') : [];
  } catch {
    return [];
  }
}
