export interface Command {
  redo: () => void;
  undo: () => void;
}
const STEPS_MAX = 200;

// What was chosen, so that it can be taken back. Typing has the browser's own.
export class History {
  #done = $state.raw<Command[]>([]);
  #undone = $state.raw<Command[]>([]);
  readonly canUndo = $derived(this.#done.length > 0);
  readonly canRedo = $derived(this.#undone.length > 0);

  add(command: Command): void {
    this.#done = [...this.#done, command].slice(-STEPS_MAX);
    this.#undone = [];
  }
  undo(): void {
    const command = this.#done.at(-1);
    if (!command) return;
    this.#done = this.#done.slice(0, -1);
    this.#undone = [...this.#undone, command];
    command.undo();
  }
  redo(): void {
    const command = this.#undone.at(-1);
    if (!command) return;
    this.#undone = this.#undone.slice(0, -1);
    this.#done = [...this.#done, command];
    command.redo();
  }
}
