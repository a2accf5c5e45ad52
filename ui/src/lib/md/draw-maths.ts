// TeX as MathML elements. Loaded with the first formula.
import temml from 'temml';
import 'temml/dist/Temml-Local.css';

const longest = 8_000;

// Nothing in a formula is trusted: no links, no pictures, no styles of its own. False where it cannot be read.
export function drawMaths(element: HTMLElement, tex: string, isBlock: boolean): boolean {
  if (tex.length > longest) return false;
  const drawn = document.createElement('span');
  try {
    temml.render(tex, drawn, { displayMode: isBlock, throwOnError: true, trust: false, maxSize: [30, 30], maxExpand: 500 });
  } catch {
    return false;
  }
  element.replaceChildren(...drawn.childNodes);
  return true;
}
