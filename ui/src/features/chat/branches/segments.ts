// A thread's tree as its branches: each is a stretch without a fork.
import type { Tree } from '../tree';

export interface Segment {
  first: number; // message
  last: number;
  count: number; // of messages
  level: number; // from 1
  at: number; // among those that begin at the same place, from 1
  of: number;
}

// In the order they are read: what follows a stretch comes right behind it.
export function segmentsOf(tree: Pick<Tree, 'childrenOf'>): Segment[] {
  const segments: Segment[] = [];
  const waiting: { first: number; level: number; at: number; of: number }[] = [];
  const add = (children: readonly number[], level: number): void => {
    for (let at = children.length; at >= 1; at -= 1) waiting.push({ first: children[at - 1]!, level, at, of: children.length });
  };
  add(tree.childrenOf(0), 1);
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    let last = next.first;
    let count = 1;
    for (let children = tree.childrenOf(last); children.length === 1; children = tree.childrenOf(last)) {
      last = children[0]!;
      count += 1;
    }
    segments.push({ ...next, last, count });
    add(tree.childrenOf(last), next.level + 1);
  }
  return segments;
}
