// Keys that work on every page: Ctrl or Cmd with K, from any field too; `?`, and `g` then a letter, never while someone types.
import { goKeys, isTyping } from '../lib/state/shortcuts';

const SECOND_KEY_MS = 1200;

export function goOnKeys(actions: { go: (path: string) => void; help: () => void; find: () => void; warm: () => void }): (event: KeyboardEvent) => void {
  let pressedAt = -Infinity;
  return (event) => {
    if (event.key === 'Control' || event.key === 'Meta') return actions.warm();
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 'k' && !document.querySelector('dialog[open]')) {
      event.preventDefault();
      return actions.find();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector('dialog[open]')) return;
    if (event.key === '?') return actions.help();
    const path = event.timeStamp - pressedAt < SECOND_KEY_MS ? goKeys[event.key] : undefined;
    pressedAt = event.key === 'g' ? event.timeStamp : -Infinity;
    if (!path) return;
    event.preventDefault();
    actions.go(path);
  };
}
