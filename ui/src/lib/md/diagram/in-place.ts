import { flushSync } from 'svelte';

const viewOf = (element: Element): Element | null => {
  for (let node = element.parentElement; node; node = node.parentElement)
    if (/^(?:auto|scroll)$/.test(getComputedStyle(node).overflowY)) return node;
  return document.scrollingElement;
};

// Changes the height of `element`. Where it begins above what one sees, what follows it stays where it is on the screen.
export function inPlace(element: Element, change: () => void): void {
  const before = element.getBoundingClientRect();
  flushSync(change);
  const view = viewOf(element);
  if (!view || before.top >= Math.max(0, view.getBoundingClientRect().top)) return;
  view.scrollTop += element.getBoundingClientRect().height - before.height;
}
