import type { Kept, KeptPorts } from '../offline/kept';

// What is kept in the browser for when there is no network. Its code comes once the page has come to rest; until then, and where
// it cannot be had, `kept` is null and the page does without.
export class Offline {
  kept = $state.raw<Kept | null>(null);
  #ports: KeptPorts;
  #loading: Promise<Kept | null> | null = null;

  constructor(ports: KeptPorts) {
    this.#ports = ports;
  }
  load(): Promise<Kept | null> {
    return (this.#loading ??= this.#load());
  }
  async #load(): Promise<Kept | null> {
    try {
      const { openKept } = await import('../offline/kept');
      this.kept = await openKept(this.#ports);
    } catch {
      this.#loading = null; // not reachable now
    }
    return this.kept;
  }
  // Whoever comes next is to find nothing.
  async forget(): Promise<void> {
    await (await this.load())?.clear();
  }
}
