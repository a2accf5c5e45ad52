// Draws diagrams for the page, in a frame without an origin: whatever a text may make mermaid do, here it reaches nothing.
import mermaid from 'mermaid';
import { READY, type DrawAnswer, type DrawRequest } from '../lib/md/diagram/protocol';
import { configOf } from './look';
import { pictureOf } from './picture';
import { refusalOf } from './refusal';

async function draw({ number, text, isDark }: DrawRequest): Promise<DrawAnswer> {
  try {
    mermaid.initialize(configOf(isDark));
    const { svg } = await mermaid.render('diagram', text);
    return { number, drawn: pictureOf(svg) };
  } catch (error) {
    return { number, refused: refusalOf(error, text) };
  } finally {
    document.body.replaceChildren();
  }
}

addEventListener('message', ({ source, ports: [port] }) => {
  if (source !== parent || !port) return;
  port.onmessage = ({ data }: MessageEvent<DrawRequest>) => void draw(data).then((answer) => port.postMessage(answer));
  port.postMessage(READY);
});
