// Every shortcut of the page, told in one place; pages act on their own.
import type { MessageKey } from '../i18n/messages';

export interface Shortcut {
  keys: readonly string[];
  words: MessageKey;
}

export const shortcuts: readonly Shortcut[] = [
  { keys: ['Ctrl', 'K'], words: 'keys.palette' },
  { keys: ['?'], words: 'keys.help' },
  { keys: ['g', 'c'], words: 'keys.chat' },
  { keys: ['g', 's'], words: 'keys.shorts' },
  { keys: ['g', 'l'], words: 'keys.library' },
  { keys: ['g', 'a'], words: 'keys.activity' },
  { keys: ['g', 'm'], words: 'keys.models' },
  { keys: ['g', 'k'], words: 'keys.keys' },
  { keys: ['g', 'u'], words: 'keys.usage' },
  { keys: ['g', 'e'], words: 'keys.settings' },
  { keys: ['Ctrl', 'Enter'], words: 'keys.run' },
  { keys: ['1', '…', '5'], words: 'keys.tabs' },
  { keys: ['Ctrl', 'Z'], words: 'keys.undo' },
  { keys: ['J', 'K', 'L'], words: 'keys.play' },
  { keys: [',', '.'], words: 'keys.frame' },
];

export const goKeys: Readonly<Record<string, string>> = { c: '/c', s: '/shorts', l: '/library', a: '/activity', m: '/models', k: '/keys', u: '/usage', e: '/settings' };

export const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || target.matches('input:not([type=radio]):not([type=checkbox]):not([type=range]), textarea, select'));
