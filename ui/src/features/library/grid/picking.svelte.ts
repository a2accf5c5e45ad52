// How tiles are selected: one by one, from one to another, or by a box that is drawn over them.
import type { AssetRow } from '$lib/api/asset-types';
import type { Listing } from '../listing.svelte';
import type { Selection } from '../selection.svelte';
import { tilesInBox, type Grid } from './window';

const BOX_FROM_PX = 6; // a press that moves less is a press
const GIVEN_MAX = 100; // that are dragged at once

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export class Picking {
  anchor = 0;
  drawn = $state.raw<Box | null>(null);
  #listing: Listing;
  #selection: Selection;
  #now: () => { grid: Grid; at: number };
  #go: (to: number) => void;
  #turn = 0;

  constructor(listing: Listing, selection: Selection, now: () => { grid: Grid; at: number }, go: (to: number) => void) {
    this.#listing = listing;
    this.#selection = selection;
    this.#now = now;
    this.#go = go;
  }

  toggle(index: number): void {
    this.anchor = index;
    const row = this.#listing.at(index);
    if (row) this.#selection.toggle(row.id);
  }
  // Those from the anchor to there, and no others. What is not here yet is read first.
  async extend(to: number): Promise<void> {
    const turn = (this.#turn += 1);
    this.#go(to);
    const rows = await this.#listing.between(Math.min(this.anchor, to), Math.max(this.anchor, to) + 1, () => turn === this.#turn).catch(() => null);
    if (rows && turn === this.#turn) this.#selection.only(rows.map(({ id }) => id));
  }
  // Those of the selected that are here.
  held(): AssetRow[] {
    return this.#listing.held().filter(({ id }) => this.#selection.has(id)).slice(0, GIVEN_MAX);
  }

  // From a press between the tiles, with a mouse.
  box(press: PointerEvent, view: HTMLElement, inside: HTMLElement): void {
    if (press.button !== 0 || press.pointerType !== 'mouse' || (press.target instanceof Element && press.target.closest('[data-at]'))) return;
    if (press.target === view && press.offsetX >= view.clientWidth) return; // the bar that scrolls
    const kept = press.shiftKey || press.ctrlKey || press.metaKey ? (this.#selection.ids ?? []) : [];
    const placeOf = (event: PointerEvent): { x: number; y: number } => {
      const at = inside.getBoundingClientRect();
      return { x: event.clientX - at.left, y: event.clientY - at.top };
    };
    const from = placeOf(press);
    let isBox = false;
    const move = (event: PointerEvent): void => {
      const to = placeOf(event);
      isBox ||= Math.hypot(to.x - from.x, to.y - from.y) >= BOX_FROM_PX;
      if (!isBox) return;
      this.drawn = { left: Math.min(from.x, to.x), top: Math.min(from.y, to.y), right: Math.max(from.x, to.x), bottom: Math.max(from.y, to.y) };
      const ids = tilesInBox(this.#now().grid, this.drawn).flatMap((index) => this.#listing.at(index)?.id ?? []);
      this.#selection.only([...kept, ...ids]);
    };
    const end = new AbortController();
    const finish = (): void => {
      end.abort();
      this.drawn = null;
      if (!isBox && kept.length === 0) this.#selection.none();
    };
    press.preventDefault();
    view.focus({ preventScroll: true });
    view.setPointerCapture(press.pointerId);
    view.addEventListener('pointermove', move, { signal: end.signal });
    view.addEventListener('pointerup', finish, { signal: end.signal });
    view.addEventListener('pointercancel', finish, { signal: end.signal });
  }
}
