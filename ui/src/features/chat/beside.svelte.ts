import type { Branch } from './branch.svelte';
import type { Entry } from './entry.svelte';

const SHOWN_MAX = 4;

interface Of {
  asked: () => readonly Entry[] | null; // the answers to what is being sent; null: nothing is
  complain: (error: unknown, retry: () => void) => void;
}

// The answers to one question that are shown side by side.
export class Beside {
  #question = $state(0); // 0: none are
  #branch: Branch;
  #of: Of;

  readonly entries = $derived.by((): readonly Entry[] => {
    const entries = this.#of.asked() ?? this.numbers().flatMap((number) => this.#branch.held.get(number) ?? []);
    return entries.length > 1 ? entries : [];
  });

  constructor(branch: Branch, of: Of) {
    this.#branch = branch;
    this.#of = of;
  }

  // Their messages: the newest, and that which the branch goes through.
  numbers(question = this.#question): readonly number[] {
    const { tree, path } = this.#branch;
    const all = question === 0 ? [] : tree.childrenOf(question).filter((number) => tree.roleOf(number) === 'assistant');
    const shown = all.find((number) => path.includes(number));
    const newest = all.slice(-SHOWN_MAX);
    return shown === undefined || newest.includes(shown) ? newest : [shown, ...newest.slice(1)];
  }
  // Those to a question whose answers are here.
  show(question: number): void {
    this.#question = question;
  }
  // An answer beside the others to its question.
  async compare(number: number): Promise<void> {
    const question = this.#branch.tree.parentOf(number);
    try {
      await this.#branch.held.readEach(this.numbers(question));
      if (!this.#of.asked()) this.show(question);
    } catch (error) {
      this.#of.complain(error, () => void this.compare(number));
    }
  }
  close(): void {
    this.#question = 0;
  }
}
