import type { Api } from '$lib/api/client';
import { asProblem, isAbort, type Problem } from '$lib/api/problem';
import type { Trace } from '$lib/api/trace-types';
import { around } from './axis';
import { traceCalls } from './entries.svelte';
import { endOf, parentsOf, rowsOf, sharesOf, shutAtFirst, treeOf, type SpanNode, type SpanTree, type Stretch } from './tree';

// One trace: what is open of it, which of its spans is looked at, and how closely.
export class TraceState {
  trace = $state.raw<Trace | null>(null);
  tree = $state.raw<SpanTree | null>(null);
  problem = $state.raw<Problem | null>(null);
  shut = $state.raw<ReadonlySet<string>>(new Set());
  active = $state.raw<SpanNode | null>(null);
  shown = $state.raw<Stretch>({ fromUs: 0, toUs: 0 });
  readonly rows = $derived(this.tree ? rowsOf(this.tree, this.shut) : []);
  readonly shares = $derived(this.tree ? sharesOf(this.tree) : []);
  readonly isCloser = $derived(this.tree !== null && (this.shown.fromUs > 0 || this.shown.toUs < this.tree.totalUs));
  // What it is called by: what others asked of us, or what began first.
  readonly first = $derived(this.tree?.roots[0] ?? null);
  #calls: ReturnType<typeof traceCalls>;
  #reading = new AbortController();
  #id: string;

  constructor(api: Api, id: string) {
    this.#calls = traceCalls(api);
    this.#id = id;
  }
  dispose(): void {
    this.#reading.abort();
  }
  // Again, while it goes on: what is open and looked at stays.
  async load(): Promise<void> {
    this.problem = null;
    try {
      const trace = await this.#calls.trace(this.#id, this.#reading.signal);
      const tree = treeOf(trace.spans);
      if (!this.tree) this.shut = shutAtFirst(tree);
      this.trace = trace;
      this.tree = tree;
      this.shown = { fromUs: 0, toUs: tree.totalUs };
      this.active = tree.byId.get(this.active?.span.span ?? '') ?? tree.roots[0] ?? null;
      this.#keepInSight();
    } catch (error) {
      if (!isAbort(error)) this.problem = asProblem(error);
    }
  }

  look(node: SpanNode | null | undefined): void {
    if (node) this.active = node;
  }
  move(by: number): void {
    const at = this.active ? this.rows.indexOf(this.active) : -1;
    this.look(this.rows[Math.max(0, Math.min(this.rows.length - 1, at + by))]);
  }
  // Opens what is shut, else goes into it.
  forward(): void {
    const node = this.active;
    if (!node || node.children.length === 0) return;
    if (this.shut.has(node.span.span)) this.toggle(node);
    else this.look(node.children[0]);
  }
  // Shuts what is open, else goes out of it.
  back(): void {
    const node = this.active;
    if (!node) return;
    if (node.children.length > 0 && !this.shut.has(node.span.span)) this.toggle(node);
    else this.look(node.parent);
  }
  toggle(node: SpanNode): void {
    const shut = new Set(this.shut);
    if (!shut.delete(node.span.span)) shut.add(node.span.span);
    this.shut = shut;
    this.#keepInSight();
  }
  // Opens what is above it, and looks at it.
  reveal(node: SpanNode): void {
    const shut = new Set(this.shut);
    for (let above = node.parent; above; above = above.parent) shut.delete(above.span.span);
    this.shut = shut;
    this.active = node;
  }
  unfold = (): void => void (this.shut = new Set());
  fold = (): void => {
    if (this.tree) this.shut = parentsOf(this.tree);
    this.#keepInSight();
  };
  // What is looked at is always a row.
  #keepInSight(): void {
    let node = this.active;
    for (let above = node?.parent; above; above = above.parent) if (this.shut.has(above.span.span)) node = above;
    this.active = node;
  }
  closer = (): void => {
    const span = this.active?.span;
    if (span && this.tree) this.shown = around({ fromUs: span.began_us, toUs: endOf(span) }, this.tree.totalUs);
  };
  whole = (): void => void (this.tree && (this.shown = { fromUs: 0, toUs: this.tree.totalUs }));
}
