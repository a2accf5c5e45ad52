// Which stretch of the shown branch is on the page: the last few messages, more once the reader scrolls up, few again at the
// bottom. Never the whole thread.
export const FIRST = 8;
export const STEP = 12;
// What is drawn first of a thread that is opened; the others come above it one by one, so that none holds the page up.
const AT_ONCE = 1;
// What comes to the end at once takes nothing away above it; a longer branch does.
const FEW = 4;

export class Passage {
  start = $state(0);
  end = $state(0); // behind the last
  #length = $state(0); // of the branch
  readonly isAtEnd = $derived(this.end === this.#length);

  // There are fewer on the page than there should be, and more above.
  readonly isFilling = $derived(this.start > 0 && this.end - this.start < FIRST);

  get length(): number {
    return this.#length;
  }

  // Another branch, or the same one longer. What is shown stays, as far as it is there; at the end it stays at the end.
  become(length: number): void {
    const wasAtEnd = this.isAtEnd;
    const most = this.end - this.start + FEW;
    this.#length = length;
    this.end = wasAtEnd ? length : Math.min(this.end, length);
    this.start = Math.max(0, Math.min(this.start, this.end - AT_ONCE), this.end - Math.max(FIRST, most));
  }
  open(): void {
    this.end = this.#length;
    this.start = Math.max(0, this.end - (this.end > FIRST ? AT_ONCE : FIRST));
  }
  fill(): void {
    if (this.isFilling) this.start -= 1;
  }
  toEnd(): void {
    this.end = this.#length;
    this.start = Math.max(0, this.end - FIRST);
  }
  set(start: number, end: number): void {
    this.start = Math.max(0, start);
    this.end = Math.min(this.#length, end);
  }
  // With a few around it. True: it was not on the page.
  reach(at: number): boolean {
    if (at >= this.start && at < this.end) return false;
    this.set(at - 2, at - 2 + FIRST);
    return true;
  }
}
