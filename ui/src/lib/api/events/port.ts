// A tab's end of the browser's stream: through the shared worker where there is one, its own where there is none.
import { trustedScriptUrl } from '../../media/trusted';
import { browserPorts, EventStream, type Envelope, type StreamStatus } from './stream';
import workerUrl from './worker?sharedworker&url';

export type FromPort = { kind: 'events'; events: Envelope[] } | { kind: 'status'; status: StreamStatus };
export type ToPort = { kind: 'wake' } | { kind: 'leave' };

export interface EventPort {
  wake(): void;
  close(): void;
}

const HIDDEN_CLOSE_MS = 60_000;

export function openPort(onMessage: (message: FromPort) => void): EventPort {
  if (typeof SharedWorker === 'undefined') return openOwn(onMessage);
  try {
    return openShared(onMessage);
  } catch {
    return openOwn(onMessage);
  }
}

function openShared(onMessage: (message: FromPort) => void): EventPort {
  const worker = new SharedWorker(trustedScriptUrl(workerUrl) as string, { type: 'module', name: 'atelier-events' });
  const say = (message: ToPort): void => worker.port.postMessage(message);
  worker.port.onmessage = ({ data }: MessageEvent<FromPort>) => onMessage(data);
  const leave = (): void => say({ kind: 'leave' });
  addEventListener('pagehide', leave);
  return {
    wake: () => say({ kind: 'wake' }),
    close: () => {
      removeEventListener('pagehide', leave);
      leave();
      worker.port.close();
    },
  };
}

function openOwn(onMessage: (message: FromPort) => void): EventPort {
  const stream = new EventStream(
    browserPorts(),
    (events) => onMessage({ kind: 'events', events }),
    (status) => onMessage({ kind: 'status', status }),
  );
  let timer: ReturnType<typeof setTimeout> | undefined;
  const onVisibility = (): void => {
    clearTimeout(timer);
    if (document.visibilityState === 'visible') stream.start();
    else timer = setTimeout(() => stream.stop(), HIDDEN_CLOSE_MS);
  };
  document.addEventListener('visibilitychange', onVisibility);
  stream.start();
  return {
    wake: () => stream.wake(),
    close: () => {
      document.removeEventListener('visibilitychange', onVisibility);
      clearTimeout(timer);
      stream.stop();
    },
  };
}
