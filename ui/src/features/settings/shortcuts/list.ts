// Every shortcut of the page, told in one place; pages act on their own.
import type en from './en.json';

export interface Shortcut {
  keys: readonly string[];
  words: keyof typeof en;
}

export const shortcuts: readonly Shortcut[] = [
  { keys: ['Ctrl', 'K'], words: 'palette' },
  { keys: ['?'], words: 'help' },
  { keys: ['g', 'c'], words: 'chat' },
  { keys: ['g', 's'], words: 'shorts' },
  { keys: ['g', 'i'], words: 'image' },
  { keys: ['g', 'o'], words: 'audio' },
  { keys: ['g', 'v'], words: 'video' },
  { keys: ['g', 'l'], words: 'library' },
  { keys: ['g', 'a'], words: 'activity' },
  { keys: ['g', 'm'], words: 'models' },
  { keys: ['g', 'k'], words: 'keys' },
  { keys: ['g', 'u'], words: 'usage' },
  { keys: ['g', 'p'], words: 'performance' },
  { keys: ['g', 'e'], words: 'settings' },
  { keys: ['g', 'h'], words: 'manual' },
  { keys: ['Ctrl', 'Enter'], words: 'run' },
  { keys: ['1', '…', '5'], words: 'tabs' },
  { keys: ['Ctrl', 'Z'], words: 'undo' },
  { keys: ['J', 'K', 'L'], words: 'play' },
  { keys: [',', '.'], words: 'frame' },
];
