// What is selected: some, or all but some, since all may be more than are here.
export class Selection {
  #ids = $state.raw<ReadonlySet<string>>(new Set());
  #isRest = $state(false); // all but #ids

  has(id: string): boolean {
    return this.#ids.has(id) !== this.#isRest;
  }
  countOf(total: number): number {
    return this.#isRest ? Math.max(0, total - this.#ids.size) : this.#ids.size;
  }
  get isEmpty(): boolean {
    return !this.#isRest && this.#ids.size === 0;
  }
  // Which they are; null: all but `except`, which are to be read.
  get ids(): readonly string[] | null {
    return this.#isRest ? null : [...this.#ids];
  }
  get except(): ReadonlySet<string> {
    return this.#isRest ? this.#ids : new Set();
  }

  toggle(id: string): void {
    const ids = new Set(this.#ids);
    if (!ids.delete(id)) ids.add(id);
    this.#ids = ids;
  }
  only(ids: Iterable<string>): void {
    this.#isRest = false;
    this.#ids = new Set(ids);
  }
  all(): void {
    this.#isRest = true;
    this.#ids = new Set();
  }
  none(): void {
    if (!this.isEmpty) this.only([]);
  }
}
