// The frame that draws: a document of ours without an origin. It has no cookies, no storage, and a policy that lets it load
// scripts of the page's server and nothing else.
import address from 'virtual:diagram-frame';
import type { DrawingFrame, OpenFrame } from './drawer';
import { READY } from './protocol';

// Its scripts have run when it is loaded, or they never will: without a network what is loaded is an error.
const ANSWER_MS = 5000;

export const openFrame: OpenFrame = (onsaid, signal) =>
  new Promise<DrawingFrame>((resolve, reject) => {
    const element = document.createElement('iframe');
    const { port1: port, port2: itsPort } = new MessageChannel();
    const close = (): void => {
      port.close();
      element.remove();
    };
    let isLate: ReturnType<typeof setTimeout> | undefined;
    const giveUp = (): void => {
      clearTimeout(isLate);
      close();
      reject(new Error('the frame that draws did not load'));
    };
    signal.addEventListener('abort', giveUp, { once: true });
    port.onmessage = ({ data }) => {
      if (data !== READY) return onsaid(data);
      signal.removeEventListener('abort', giveUp);
      clearTimeout(isLate);
      resolve({ ask: (request) => port.postMessage(request), close });
    };
    // Whatever it may load later has no port.
    element.addEventListener('load', () => {
      isLate = setTimeout(giveUp, ANSWER_MS);
      element.contentWindow?.postMessage(READY, '*', [itsPort]);
    }, { once: true });
    element.setAttribute('sandbox', 'allow-scripts');
    element.setAttribute('aria-hidden', 'true');
    element.title = 'Diagrams';
    element.tabIndex = -1;
    // Text is measured in it, so that it must have a layout: it is not to be seen, but it is there.
    element.style.cssText = 'position:fixed;inset-block-start:0;inset-inline-start:0;inline-size:1px;block-size:1px;border:0;opacity:0;pointer-events:none';
    element.src = address;
    document.body.append(element);
  });
