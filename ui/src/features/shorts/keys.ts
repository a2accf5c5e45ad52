// Keys of a short's page: Ctrl or Cmd with Enter renders from any field; undo, redo and the tabs' numbers where nobody types.
import { isTyping } from '$lib/state/shortcuts';

interface Actions {
  render: () => void;
  undo: () => void;
  redo: () => void;
  goTab: (at: number) => void;
}

export function editorKeys(actions: Actions): (event: KeyboardEvent) => void {
  return (event) => {
    if (document.querySelector('dialog[open]')) return;
    const isMod = event.ctrlKey || event.metaKey;
    if (isMod && event.key === 'Enter') {
      event.preventDefault();
      return actions.render();
    }
    if (isTyping(event.target)) return;
    if (isMod && event.key.toLowerCase() === 'z') {
      event.preventDefault();
      return event.shiftKey ? actions.redo() : actions.undo();
    }
    if (/^[1-9]$/.test(event.key) && !isMod && !event.altKey && !(event.target instanceof HTMLVideoElement)) actions.goTab(Number(event.key) - 1);
  };
}
