// What the page keeps for when there is no network, put together for the browser. Loaded when nothing else is to be done.
import type { CallOptions } from '../api/client';
import { trustedScriptUrl } from '../media/trusted';
import { Journal, type Waiting } from './journal.svelte';
import { openTables } from './table';
import { KeptThreads, type KeptRow } from './threads';

export interface KeptPorts {
  call: <T>(method: string, path: string, options?: CallOptions) => Promise<T>;
  canSend: () => boolean;
}
export interface Kept {
  journal: Journal;
  threads: KeptThreads;
  clear: () => Promise<void>;
}

// Without locks (an origin that is not secure) two tabs may send the same: its key makes that one.
async function alone(name: string, work: () => Promise<void>): Promise<void> {
  const locks = navigator.locks as LockManager | undefined;
  if (locks) await locks.request(`atelier.${name}`, work);
  else await work();
}

// Not on an origin that is not secure: there the browser has none.
async function keepShell(): Promise<void> {
  if (import.meta.env.DEV || !('serviceWorker' in navigator)) return;
  await (navigator.serviceWorker as ServiceWorkerContainer | undefined)?.register(trustedScriptUrl('/sw.js') as string).catch(() => {});
}

export async function openKept(ports: KeptPorts): Promise<Kept> {
  const table = await openTables();
  const others = new BroadcastChannel('atelier.journal');
  const journal = new Journal({ ...ports, table: table<Waiting>('journal'), now: () => Date.now(), random: () => Math.random(), alone, tell: () => others.postMessage(null) });
  const threads = new KeptThreads(table<KeptRow>('threads'), () => Date.now());
  others.onmessage = () => void journal.hearOthers();
  addEventListener('pagehide', () => void threads.flush());
  void keepShell();
  await journal.start();
  return { journal, threads, clear: async () => void (await Promise.all([journal.clear(), threads.clear()])) };
}
