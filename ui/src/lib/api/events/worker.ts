// The shared worker: holds the browser's one stream and tells every tab what it hears.
import { browserPorts, EventStream } from './stream';
import type { FromPort, ToPort } from './port';

const tabs = new Set<MessagePort>();
const tell = (message: FromPort): void => tabs.forEach((tab) => tab.postMessage(message));
const stream = new EventStream(
  browserPorts(),
  (events) => tell({ kind: 'events', events }),
  (status) => tell({ kind: 'status', status }),
);

(self as unknown as { onconnect: (event: MessageEvent) => void }).onconnect = (event) => {
  const tab = event.ports[0];
  if (!tab) return;
  tabs.add(tab);
  tab.onmessage = ({ data }: MessageEvent<ToPort>) => {
    if (data.kind === 'wake') stream.wake();
    if (data.kind === 'leave') {
      tabs.delete(tab);
      if (tabs.size === 0) stream.stop();
    }
  };
  tab.postMessage({ kind: 'status', status: stream.status } satisfies FromPort);
  // What a tab read before it was here may have changed in between: it is greeted as the first one was by the server.
  if (stream.status.word === 'live') tab.postMessage({ kind: 'events', events: [{ type: 'hello', id: '', data: null }] } satisfies FromPort);
  stream.start();
};
