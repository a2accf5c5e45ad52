import type { Hub } from '../api/events/hub';
import type { StreamStatus } from '../api/events/stream';

// How the page is connected, in the four words of the banner.
export class Network {
  status = $state.raw<StreamStatus>({ word: 'connecting' });
  isOnline = $state(navigator.onLine);
  #hub: Hub;

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  start(): () => void {
    const onChange = (): void => {
      this.isOnline = navigator.onLine;
      if (this.isOnline) this.#hub.wake();
    };
    const onVisible = (): void => void (document.visibilityState === 'visible' && this.#hub.wake());
    const off = this.#hub.onStatus((status) => (this.status = status));
    addEventListener('online', onChange);
    addEventListener('offline', onChange);
    document.addEventListener('visibilitychange', onVisible);
    return () => {
      off();
      removeEventListener('online', onChange);
      removeEventListener('offline', onChange);
      document.removeEventListener('visibilitychange', onVisible);
    };
  }

  retry(): void {
    this.#hub.wake();
  }
}
