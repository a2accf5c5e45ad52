// The assets that a filter shows, each at its place: those in view are read, the others are places only.
import type { AssetRow, PlacedAsset } from '$lib/api/asset-types';
import { asProblem, isAbort, type Problem } from '$lib/api/problem';
import type { StudioEvent } from '$lib/api/types';
import type { Hub } from '$lib/api/events/hub';
import type { LibraryCalls } from './calls';
import { accepts, type Filter } from './filter';
import { slicesFor, type Span } from './grid/window';

const SLICE = 100;
const KEPT_MAX = 10_000; // rows that are held beside those in view
const AFRESH_MS = 400;

export const rowOf = (asset: PlacedAsset): AssetRow => ({
  id: asset.id,
  name: asset.name,
  kind: asset.kind,
  width: asset.width,
  height: asset.height,
  duration_ms: asset.duration_ms,
  size_bytes: asset.size_bytes,
  created_at: asset.created_at,
  preview_url: asset.preview_url,
  preview_state: asset.previews?.state ?? 'none',
});

type Ports = { calls: Pick<LibraryCalls, 'rows'>; hub: Pick<Hub, 'listen' | 'onFresh'> };

export class Listing {
  total = $state(0);
  isLoaded = $state(false);
  problem = $state.raw<Problem | null>(null);
  // Called where what is at a place and after it goes so many places on.
  onshift: (at: number, by: number) => void = () => {};
  filter: Filter | null = null;
  #ports: Ports;
  #rows: (AssetRow | undefined)[] = []; // sparse, as long as `total`
  #heldCount = 0;
  #version = $state(0); // of #rows: what reads them is drawn again when it changes
  #shifts = 0; // places that were asked for before are others after
  #reading = new Map<number, AbortController>();
  #first: AbortController | null = null;
  #wanted: Span = { first: 0, end: 0 };
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stops: (() => void)[] = [];

  constructor(ports: Ports) {
    this.#ports = ports;
  }
  start(): void {
    this.#stops = [this.#ports.hub.listen((events) => this.hear(events)), this.#ports.hub.onFresh(() => this.isLoaded && void this.#readAfresh())];
  }
  dispose(): void {
    this.#stops.forEach((stop) => stop());
    clearTimeout(this.#timer);
    this.#first?.abort();
    this.#stopAll();
  }

  at(index: number): AssetRow | undefined {
    void this.#version;
    return this.#rows[index];
  }
  indexOf(id: string): number {
    void this.#version;
    return this.#rows.findIndex((row) => row?.id === id);
  }

  // Those that are here.
  held(): AssetRow[] {
    return this.#rows.filter((row) => row !== undefined);
  }

  // What was shown stays until the first of these are here.
  async show(filter: Filter): Promise<void> {
    this.filter = filter;
    this.#wanted = { first: 0, end: 0 };
    await this.#readAfresh(true);
  }
  again(): void {
    void this.#readAfresh(!this.isLoaded);
  }

  // What is in view now. What is on its way for other places is not waited for any more.
  want(span: Span): void {
    this.#wanted = span;
    if (!this.isLoaded || this.#first) return;
    const slices = slicesFor({ first: span.first, end: Math.min(span.end, this.total) }, (index) => this.#rows[index] !== undefined, SLICE);
    for (const [slice, stop] of this.#reading) if (!slices.includes(slice)) this.#drop(slice, stop);
    for (const slice of slices) if (!this.#reading.has(slice)) void this.#read(slice);
  }

  // All from one place to another, in order; reads those that are not here, as long as they are wanted.
  async between(first: number, end: number, isWanted: () => boolean = () => true): Promise<AssetRow[]> {
    const filter = this.filter!;
    const missing = slicesFor({ first, end }, (index) => this.#rows[index] !== undefined, SLICE);
    for (const slice of missing) {
      if (!isWanted()) break;
      const shifts = this.#shifts;
      const page = await this.#ports.calls.rows(filter, { skip: slice * SLICE, limit: SLICE });
      if (this.filter !== filter || this.#shifts !== shifts) break;
      this.#put(slice * SLICE, page.items);
    }
    return this.#rows.slice(first, end).filter((row) => row !== undefined);
  }

  // Out of the list at once; what is asked of the server comes after.
  take(ids: ReadonlySet<string>): void {
    let taken = 0;
    for (let index = this.#rows.length - 1; index >= 0; index -= 1) {
      const row = this.#rows[index];
      if (!row || !ids.has(row.id)) continue;
      this.#rows.splice(index, 1);
      this.onshift(index, -1);
      taken += 1;
    }
    if (taken === 0) return;
    this.#shift(-taken);
    this.want(this.#wanted);
  }

  hear(events: readonly StudioEvent[]): void {
    if (!this.filter) return;
    for (const event of events) {
      if (event.type === 'asset.changed') this.#hearOne(event.data as PlacedAsset);
      else if (event.type === 'asset.deleted') this.#hearGone([event.data.id]);
      else if (event.type === 'assets.changed') {
        const { ids, change } = event.data;
        if (change === 'delete' || change === (this.filter.isTrash ? 'restore' : 'trash')) this.#hearGone(ids);
        else if (change === 'trash' || change === 'restore' || (change === 'move' && this.filter.folder !== null) || ((change === 'tag' || change === 'untag') && this.filter.tag !== '') || this.filter.words !== '') this.#readSoon();
      }
    }
  }

  #hearOne(asset: PlacedAsset): void {
    const filter = this.filter!;
    const index = this.#rows.findIndex((row) => row?.id === asset.id);
    const isIn = accepts(filter, asset);
    if (index >= 0 && isIn === false) return this.take(new Set([asset.id]));
    if (index >= 0) {
      this.#rows[index] = rowOf(asset);
      this.#version += 1;
      if (filter.sort === 'name' && isIn) this.#readSoon();
      return;
    }
    if (isIn === false) return;
    const newest = this.#rows[0];
    if (isIn === null || filter.sort !== 'newest' || (this.total > 0 && (!newest || asset.created_at < newest.created_at))) return this.#readSoon();
    this.#rows.unshift(rowOf(asset));
    this.#heldCount += 1;
    this.onshift(0, 1);
    this.#shift(1);
  }
  #hearGone(ids: readonly string[]): void {
    const before = this.total;
    this.take(new Set(ids));
    // Some may have been at places that are not here.
    if (before - this.total < ids.length) this.#readSoon();
  }

  #shift(by: number): void {
    if (by < 0) this.#heldCount += by;
    this.#shifts += 1;
    this.#stopAll();
    this.total = Math.max(0, this.total + by);
    this.#rows.length = this.total;
    this.#version += 1;
  }
  #readSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#readAfresh(), AFRESH_MS);
  }

  // What is in view and how many there are; what else was here may be old.
  async #readAfresh(isFromTop = false): Promise<void> {
    clearTimeout(this.#timer);
    this.#first?.abort();
    this.#stopAll();
    const stop = (this.#first = new AbortController());
    const filter = this.filter!;
    const first = isFromTop ? 0 : Math.floor(this.#wanted.first / SLICE) * SLICE;
    try {
      const page = await this.#ports.calls.rows(filter, { skip: first, limit: isFromTop ? SLICE : 2 * SLICE, total: true }, stop.signal);
      if (this.#first !== stop) return;
      this.#first = null;
      this.#shifts += 1;
      this.#rows = [];
      this.#heldCount = 0;
      this.total = page.total ?? first + page.items.length;
      this.#rows.length = this.total;
      this.isLoaded = true;
      this.problem = null;
      this.#put(first, page.items);
      this.want(this.#wanted);
    } catch (error) {
      if (isAbort(error) || this.#first !== stop) return;
      this.#first = null;
      this.problem = asProblem(error);
    }
  }

  async #read(slice: number): Promise<void> {
    const stop = new AbortController();
    this.#reading.set(slice, stop);
    const shifts = this.#shifts;
    try {
      const page = await this.#ports.calls.rows(this.filter!, { skip: slice * SLICE, limit: SLICE }, stop.signal);
      if (shifts !== this.#shifts || this.#reading.get(slice) !== stop) return;
      this.#put(slice * SLICE, page.items);
      // Fewer than there were: others left meanwhile.
      if (page.items.length < Math.min(SLICE, this.total - slice * SLICE)) this.#readSoon();
    } catch (error) {
      if (!isAbort(error)) this.problem = asProblem(error);
    } finally {
      if (this.#reading.get(slice) === stop) this.#reading.delete(slice);
    }
  }
  #put(first: number, rows: readonly AssetRow[]): void {
    rows.forEach((row, at) => {
      const index = first + at;
      if (index >= this.total) return;
      if (this.#rows[index] === undefined) this.#heldCount += 1;
      this.#rows[index] = row;
    });
    if (this.#heldCount > KEPT_MAX) this.#forgetFar();
    this.problem = null;
    this.#version += 1;
  }
  #forgetFar(): void {
    const near = KEPT_MAX / 4;
    this.#rows = this.#rows.map((row, index) => (index >= this.#wanted.first - near && index < this.#wanted.end + near ? row : undefined));
    this.#heldCount = this.#rows.reduce((count, row) => count + (row ? 1 : 0), 0);
  }
  #drop(slice: number, stop: AbortController): void {
    this.#reading.delete(slice);
    stop.abort();
  }
  #stopAll(): void {
    for (const [slice, stop] of this.#reading) this.#drop(slice, stop);
  }
}
