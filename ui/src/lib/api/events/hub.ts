// Hands events to whoever asked, once per animation frame: however fast they come, there is one change of state, and so
// one change of the page, per frame.
import type { StudioEvent } from '../types';
import type { Envelope, StreamStatus } from './stream';
import type { EventPort, FromPort } from './port';

export type HubListener = (events: StudioEvent[]) => void;

const KNOWN: ReadonlySet<string> = new Set<StudioEvent['type']>([
  'run.changed', 'run.stalled', 'step.changed', 'step.progress', 'step.partial', 'production.changed', 'production.deleted', 'asset.changed', 'asset.deleted', 'assets.changed', 'asset_folder.changed', 'asset_folder.deleted',
  'alert.changed', 'thread.changed', 'thread.deleted', 'folder.changed', 'folder.deleted', 'message.changed', 'message.delta',
]);

export interface HubPorts {
  open: (onMessage: (message: FromPort) => void) => EventPort;
  frame: (call: () => void) => void;
}

export class Hub {
  #ports: HubPorts;
  #port: EventPort | null = null;
  #waiting: StudioEvent[] = [];
  #isAsked = false;
  #listeners = new Set<HubListener>();
  #freshListeners = new Set<() => void>();
  #statusListeners = new Set<(status: StreamStatus) => void>();

  constructor(ports: HubPorts) {
    this.#ports = ports;
  }

  open(): void {
    this.#port ??= this.#ports.open((message) => this.take(message));
  }
  close(): void {
    this.#port?.close();
    this.#port = null;
  }
  wake(): void {
    this.#port?.wake();
  }

  take(message: FromPort): void {
    if (message.kind === 'status') this.#statusListeners.forEach((call) => call(message.status));
    else message.events.forEach((event) => this.#queue(event));
  }

  listen(call: HubListener): () => void {
    this.#listeners.add(call);
    return () => void this.#listeners.delete(call);
  }
  // What was read before is not followed by this stream: read it afresh.
  onFresh(call: () => void): () => void {
    this.#freshListeners.add(call);
    return () => void this.#freshListeners.delete(call);
  }
  onStatus(call: (status: StreamStatus) => void): () => void {
    this.#statusListeners.add(call);
    return () => void this.#statusListeners.delete(call);
  }

  #queue(event: Envelope): void {
    if (event.type === 'hello' || event.type === 'reset') {
      this.#waiting = [];
      this.#freshListeners.forEach((call) => call());
      return;
    }
    if (!KNOWN.has(event.type)) return;
    this.#waiting.push({ type: event.type, data: event.data } as StudioEvent);
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#ports.frame(() => {
      this.#isAsked = false;
      const events = this.#waiting;
      this.#waiting = [];
      if (events.length > 0) this.#listeners.forEach((call) => call(events));
    });
  }
}

// Animation frames stop in a hidden tab; events must not pile up there.
export const browserFrame = (call: () => void): void => {
  if (document.visibilityState === 'visible') requestAnimationFrame(call);
  else setTimeout(call, 250);
};
