import { flushSync } from 'svelte';
import type { Following } from './following.svelte';
import type { ThreadRoom } from './room.svelte';

const NEAR_PX = 600; // of an edge: more is shown there
const END_PX = 24;
const STILL_MS = 800;
const THROWN_MS = 1500; // for so long a list goes on after the finger has left it
const BY_HAND = ['wheel', 'touchmove', 'pointerdown', 'keydown'] as const;

// Where the reader is in the thread. At the end it stays with what comes; anywhere else nothing moves what is being read,
// whatever grows above or below it.
export class Scroller {
  isPinned = $state(true);
  missed = $state(0); // messages that came since the reader left the end
  #room: ThreadRoom;
  #following: Following;
  #view: HTMLElement | null = null;
  #follows = false; // to the end of an answer taller than the view: the person asked for it
  #lastTop = 0;
  #lastHeight = 0; // of all that can be scrolled
  #handAt = -THROWN_MS; // when the person last did what scrolls
  #anchor: { node: HTMLElement; top: number } | null = null;
  #isGrowing = false;
  #isFilling = false;
  #arrivedBefore = 0;
  #still: ReturnType<typeof setTimeout> | undefined;

  constructor(room: ThreadRoom, following: Following) {
    this.#room = room;
    this.#following = following;
  }

  attach = (view: HTMLElement): (() => void) => {
    this.#view = view;
    const observer = new ResizeObserver(() => this.#settle());
    observer.observe(view);
    for (const child of view.children) observer.observe(child);
    const onScroll = (): void => this.#onScroll();
    const onHand = (): void => void (this.#handAt = performance.now());
    view.addEventListener('scroll', onScroll, { passive: true });
    for (const name of BY_HAND) view.addEventListener(name, onHand, { passive: true });
    return () => {
      observer.disconnect();
      view.removeEventListener('scroll', onScroll);
      for (const name of BY_HAND) view.removeEventListener(name, onHand);
      clearTimeout(this.#still);
      this.#view = null;
    };
  };

  get #distance(): number {
    const view = this.#view!;
    return view.scrollHeight - view.scrollTop - view.clientHeight;
  }
  #articles(): HTMLElement[] {
    return [...(this.#view?.querySelectorAll<HTMLElement>('article') ?? [])];
  }

  // Something changed its size: before it is painted, the reader is put back where they were.
  #settle(): void {
    const view = this.#view;
    if (!view) return;
    if (this.isPinned) this.#pin(view);
    else if (this.#anchor?.node.isConnected) view.scrollTop += this.#topOf(this.#anchor.node) - this.#anchor.top;
    this.#remember();
    this.#grow();
  }
  #pin(view: HTMLElement): void {
    const last = this.#articles().findLast((article) => article.offsetHeight > 0); // not one behind a tab
    if (last && this.#room.answers.open && !this.#follows && !this.#following.isOn && last.offsetHeight > view.clientHeight) {
      // The beginning of an answer is what one reads first.
      view.scrollTop += this.#topOf(last);
      this.isPinned = false;
      this.#leaveEnd();
    } else view.scrollTop = this.#room.isEmpty ? 0 : view.scrollHeight;
  }
  #topOf(node: HTMLElement): number {
    return node.getBoundingClientRect().top - this.#view!.getBoundingClientRect().top;
  }
  // The first message in sight.
  #remember(): void {
    this.#lastTop = this.#view!.scrollTop;
    this.#lastHeight = this.#view!.scrollHeight;
    const node = this.#articles().find((article) => this.#topOf(article) + article.offsetHeight > 0);
    this.#anchor = node ? { node, top: this.#topOf(node) } : null;
  }
  #leaveEnd(): void {
    this.#follows = false;
    this.#arrivedBefore = this.#room.branch.arrived;
  }
  countMissed(): void {
    this.missed = this.isPinned ? 0 : this.#room.branch.arrived - this.#arrivedBefore;
  }

  #onScroll(): void {
    const view = this.#view;
    if (!view) return;
    const isUp = view.scrollTop < this.#lastTop - 0.5;
    // What became smaller and larger again moves the view, too: nobody left the end then.
    const isMoved = view.scrollHeight !== this.#lastHeight && performance.now() - this.#handAt > THROWN_MS;
    if (this.isPinned && isUp && this.#distance > 2) {
      if (isMoved) return this.#settle();
      this.isPinned = false;
      this.#leaveEnd();
    } else if (!isUp && !this.isPinned && this.#distance < END_PX && this.#room.branch.passage.isAtEnd) this.isPinned = true;
    this.countMissed();
    this.#remember();
    this.#grow();
    clearTimeout(this.#still);
    this.#still = setTimeout(() => this.#shrink(), STILL_MS);
  }

  #grow(): void {
    const view = this.#view;
    const { passage } = this.#room.branch;
    if (!view || this.#isGrowing || !this.#room.isLoaded || passage.isFilling) return;
    const isUp = view.scrollTop < NEAR_PX && passage.start > 0 && !this.isPinned;
    const isDown = this.#distance < NEAR_PX && !passage.isAtEnd;
    const isShort = view.scrollHeight <= view.clientHeight && passage.start > 0;
    if (!isUp && !isDown && !isShort) return;
    this.#isGrowing = true;
    void (isDown ? this.#room.branch.growDown() : this.#room.branch.growUp()).finally(() => {
      flushSync();
      this.#isGrowing = false;
      this.#settle();
    });
  }
  // One more message with each frame, and in a task of its own.
  fill(): void {
    const { passage } = this.#room.branch;
    if (this.#isFilling || !passage.isFilling) return;
    this.#isFilling = true;
    requestAnimationFrame(() => setTimeout(() => {
      this.#isFilling = false;
      passage.fill();
      flushSync();
      this.#settle();
      this.fill();
    }));
  }
  // Back at the end, few messages are enough.
  #shrink(): void {
    const { passage } = this.#room.branch;
    if (!this.#view || !this.isPinned || !passage.isAtEnd) return;
    passage.toEnd();
    flushSync();
    this.#settle();
  }

  // A message was sent from here.
  toSent(): void {
    this.isPinned = true;
    this.#follows = false;
    this.missed = 0;
    flushSync();
    this.#settle();
  }
  async toNewest(): Promise<void> {
    await this.#room.branch.toEnd();
    this.isPinned = true;
    this.#follows = true;
    this.missed = 0;
    flushSync();
    this.#settle();
  }
  // To the beginning of a message. False: there is no such message.
  async toMessage(number: number, takesFocus = true): Promise<boolean> {
    if (!(await this.#room.reach(number))) return false;
    this.isPinned = false;
    this.#leaveEnd();
    flushSync();
    const node = this.#view?.querySelector<HTMLElement>(`#m${number}`);
    if (!node || !this.#view) return false;
    this.#view.scrollTop += this.#topOf(node) - 16;
    this.#remember();
    if (takesFocus) node.querySelector<HTMLElement>('h2')?.focus({ preventScroll: true });
    return true;
  }
}
