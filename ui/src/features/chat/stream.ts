import type { ChatEvent } from '$lib/api/chat-types';
import type { StudioEvent } from '$lib/api/types';

const WAITING_MAX = 4000;

export type ThreadEvent = Exclude<ChatEvent, { type: `folder.${string}` }>;
interface Of {
  id: () => string; // of the thread; '': nothing is heard
  isHeld: () => boolean; // a send is under way
  apply: (event: ThreadEvent) => void;
  onlost: () => void; // too many waited: the thread must be read again
}

// What the stream tells of one thread. Until the server has said which number a sent message has, it cannot be told from another's: what
// is told meanwhile waits.
export class ThreadStream {
  #waiting: ThreadEvent[] = [];
  #of: Of;

  constructor(of: Of) {
    this.#of = of;
  }
  hear(events: readonly StudioEvent[]): void {
    for (const event of events) {
      if (!this.#isOurs(event)) continue;
      if (!this.#of.isHeld() || event.type === 'thread.deleted') this.#of.apply(event);
      else if (this.#waiting.length < WAITING_MAX) this.#waiting.push(event);
    }
  }
  // A send has ended: what waited is heard, unless there is another.
  release(): void {
    if (this.#of.isHeld()) return;
    const events = this.#waiting;
    this.#waiting = [];
    if (events.length >= WAITING_MAX) this.#of.onlost();
    else events.forEach((event) => this.#of.apply(event));
  }
  #isOurs(event: StudioEvent): event is ThreadEvent {
    const id = this.#of.id();
    if (id === '') return false;
    if (event.type === 'thread.changed' || event.type === 'thread.deleted') return event.data.id === id;
    return (event.type === 'message.changed' || event.type === 'message.delta') && event.data.thread === id;
  }
}
