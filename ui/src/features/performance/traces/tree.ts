// The spans of a trace as a tree, in the order of their beginnings, and where the time of each went.
import type { Span } from '$lib/api/trace-types';

// Microseconds after the trace began.
export interface Stretch {
  fromUs: number;
  toUs: number;
}
export interface SpanNode {
  span: Span;
  depth: number; // 0: nothing of ours is above it
  parent: SpanNode | null;
  children: SpanNode[];
  within: number; // how many spans are below it
  faults: number; // how many of those failed
  covered: Stretch[]; // of its time, in which a child of it ran; in order, none touches another
  gaps: Stretch[]; // and in which none did; none where it has no children, whose time is all its own
  place: number; // among its siblings, from 1
}
export interface SpanTree {
  roots: SpanNode[];
  byId: ReadonlyMap<string, SpanNode>;
  totalUs: number; // until the last of them ended
  faults: number;
}

// With more spans than this only what is near the top is open.
export const OPEN_SPANS_MAX = 200;
const OPEN_DEPTH = 3;

export const endOf = ({ began_us, took_us }: Span): number => began_us + took_us;
const earlierFirst = (a: SpanNode, b: SpanNode): number => a.span.began_us - b.span.began_us || b.span.took_us - a.span.took_us;

// What stretches cover together, within one.
export function union(stretches: readonly Stretch[], { fromUs, toUs }: Stretch): Stretch[] {
  const joined: Stretch[] = [];
  for (const stretch of [...stretches].sort((a, b) => a.fromUs - b.fromUs)) {
    const clipped = { fromUs: Math.max(fromUs, stretch.fromUs), toUs: Math.min(toUs, stretch.toUs) };
    if (clipped.toUs <= clipped.fromUs) continue;
    const last = joined.at(-1);
    if (last && clipped.fromUs <= last.toUs) last.toUs = Math.max(last.toUs, clipped.toUs);
    else joined.push(clipped);
  }
  return joined;
}

// What is left of a stretch without those, which are in order and lie within it.
export function rest(covered: readonly Stretch[], { fromUs, toUs }: Stretch): Stretch[] {
  const left: Stretch[] = [];
  let at = fromUs;
  for (const stretch of covered) {
    if (stretch.fromUs > at) left.push({ fromUs: at, toUs: stretch.fromUs });
    at = stretch.toUs;
  }
  if (toUs > at) left.push({ fromUs: at, toUs });
  return left;
}

export const lengthOf = (stretches: readonly Stretch[]): number => stretches.reduce((sum, { fromUs, toUs }) => sum + toUs - fromUs, 0);
// The time of a span that is in none of its children.
export const ownUs = (node: SpanNode): number => (node.children.length === 0 ? node.span.took_us : lengthOf(node.gaps));

// From outside: parents may be missing, or be one another's.
export function treeOf(spans: readonly Span[]): SpanTree {
  const byId = new Map<string, SpanNode>();
  for (const span of spans) if (!byId.has(span.span)) byId.set(span.span, { span, depth: 0, parent: null, children: [], within: 0, faults: 0, covered: [], gaps: [], place: 1 });
  const roots: SpanNode[] = [];
  for (const node of byId.values()) {
    const parent = byId.get(node.span.parent);
    if (parent && !isAbove(node, parent)) {
      node.parent = parent;
      parent.children.push(node);
    } else roots.push(node);
  }
  const order = (nodes: SpanNode[]): void => nodes.sort(earlierFirst).forEach((node, at) => (node.place = at + 1));
  order(roots);
  const all = [...roots]; // parents before their children
  for (let at = 0; at < all.length; at++) {
    const node = all[at]!;
    order(node.children);
    for (const child of node.children) child.depth = node.depth + 1;
    all.push(...node.children);
    const own = { fromUs: node.span.began_us, toUs: endOf(node.span) };
    if (node.children.length > 0) {
      node.covered = union(node.children.map(({ span }) => ({ fromUs: span.began_us, toUs: endOf(span) })), own);
      node.gaps = rest(node.covered, own);
    }
  }
  for (const node of all.reverse()) {
    if (!node.parent) continue;
    node.parent.within += node.within + 1;
    node.parent.faults += node.faults + (node.span.fault === '' ? 0 : 1);
  }
  return { roots, byId, totalUs: Math.max(0, ...all.map(({ span }) => endOf(span))), faults: all.filter(({ span }) => span.fault !== '').length };
}

// Whether `node` is `below` itself or above it, as far as parents are known by now.
function isAbove(node: SpanNode, below: SpanNode): boolean {
  for (let at: SpanNode | null = below; at; at = at.parent) if (at === node) return true;
  return false;
}

// What is shut at first: of a large trace what lies deep, but for the way to what failed.
export function shutAtFirst(tree: SpanTree): Set<string> {
  if (tree.byId.size <= OPEN_SPANS_MAX) return new Set();
  return new Set([...tree.byId.values()].filter(({ depth, children, faults }) => children.length > 0 && depth >= OPEN_DEPTH && faults === 0).map(({ span }) => span.span));
}
export const parentsOf = (tree: SpanTree): Set<string> => new Set([...tree.byId.values()].filter(({ children }) => children.length > 0).map(({ span }) => span.span));

// The rows of the waterfall.
export function rowsOf(tree: SpanTree, shut: ReadonlySet<string>): SpanNode[] {
  const rows: SpanNode[] = [];
  const open = [...tree.roots].reverse();
  for (let node = open.pop(); node; node = open.pop()) {
    rows.push(node);
    if (!shut.has(node.span.span)) for (let at = node.children.length - 1; at >= 0; at--) open.push(node.children[at]!);
  }
  return rows;
}

// Where the time went: by what it was, the time in which it and nothing below it ran, longest first.
export interface Share {
  name: string;
  node: SpanNode; // the longest of them
  count: number;
  us: number;
}
export function sharesOf(tree: SpanTree): Share[] {
  const shares = new Map<string, Share>();
  for (const node of tree.byId.values()) {
    const known = shares.get(node.span.name);
    const us = ownUs(node);
    if (!known) shares.set(node.span.name, { name: node.span.name, node, count: 1, us });
    else shares.set(node.span.name, { ...known, node: us > ownUs(known.node) ? node : known.node, count: known.count + 1, us: known.us + us });
  }
  return [...shares.values()].sort((a, b) => b.us - a.us);
}
