// What mermaid has drawn, as a file of its own: well-formed, with its size.
import type { Drawn } from '../lib/md/diagram/protocol';

const onlyChild = (svg: Element, name: string): string => [...svg.children].find((child) => child.localName === name)?.textContent ?? '';

export function pictureOf(markup: string): Drawn {
  const svg = new DOMParser().parseFromString(markup, 'text/html').querySelector('svg');
  if (!svg) throw new Error('nothing was drawn');
  // In a picture they do nothing; where somebody keeps it as a file they would.
  svg.querySelectorAll('a').forEach((link) => link.replaceWith(...link.childNodes));
  svg.querySelectorAll('image, script').forEach((element) => element.remove());
  const { width, height } = svg.viewBox.baseVal;
  const [title, description] = [onlyChild(svg, 'title'), onlyChild(svg, 'desc')];
  svg.setAttribute('width', String(width));
  svg.setAttribute('height', String(height));
  svg.style.removeProperty('max-width');
  return { svg: new XMLSerializer().serializeToString(svg), width, height, title, description };
}
