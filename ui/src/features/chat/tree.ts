// The tree of a thread's messages without their texts. Plain: it grows by one message at a time and is never built anew for
// one, so that a thread of ten thousand costs no more to answer in than one of ten.
import type { MessageRole, Shape } from '$lib/api/chat-types';

const ROLES: Readonly<Record<string, MessageRole>> = { u: 'user', a: 'assistant', s: 'system' };
const NONE: readonly number[] = [];

export class Tree {
  #parents: number[] = []; // of message i + 1
  #roles: MessageRole[] = [];
  #children = new Map<number, number[]>(); // in number order; those of 0 begin the thread

  constructor(shape: Shape = { parents: [], roles: '' }) {
    shape.parents.forEach((parent, at) => this.add(at + 1, parent, ROLES[shape.roles[at] ?? ''] ?? 'user'));
  }

  // As the server tells it.
  get shape(): Shape {
    return { parents: [...this.#parents], roles: this.#roles.map((role) => role[0]).join('') };
  }
  get size(): number {
    return this.#parents.length;
  }
  has(number: number): boolean {
    return number >= 1 && number <= this.#parents.length;
  }
  // Adds the next message. What is known already, and what does not follow (its parent or a number before it is missing), is
  // not taken: false says that the tree must be read again.
  add(number: number, parent: number, role: MessageRole): boolean {
    if (this.has(number)) return this.parentOf(number) === parent;
    if (number !== this.#parents.length + 1 || parent >= number || parent < 0) return false;
    this.#parents.push(parent);
    this.#roles.push(role);
    const siblings = this.#children.get(parent);
    if (siblings) siblings.push(number);
    else this.#children.set(parent, [number]);
    return true;
  }

  parentOf(number: number): number {
    return this.#parents[number - 1] ?? 0;
  }
  roleOf(number: number): MessageRole {
    return this.#roles[number - 1] ?? 'user';
  }
  childrenOf(number: number): readonly number[] {
    return this.#children.get(number) ?? NONE;
  }
  siblingsOf(number: number): readonly number[] {
    return this.has(number) ? this.childrenOf(this.parentOf(number)) : NONE;
  }

  // From the beginning of the thread to `number`.
  branchTo(number: number): number[] {
    const branch: number[] = [];
    for (let at = number; this.has(at); at = this.parentOf(at)) branch.push(at);
    return branch.reverse();
  }
  // Where one comes out going from `number` by the newest child each time.
  leafOf(number: number): number {
    let at = number;
    for (let next = this.childrenOf(at).at(-1); next !== undefined; next = this.childrenOf(at).at(-1)) at = next;
    return at;
  }
}
