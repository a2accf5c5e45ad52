// What can be done by writing "/" and a name into the box, and which of it a text means.
import { exportUrl } from '$lib/api/chat';
import type { Thread, ThreadChange } from '$lib/api/chat-types';
import type { Choice } from '../models.svelte';
import type { Prompt } from '../prompts/prompts';
import { t } from './words';

export interface CommandPorts {
  thread: Thread | null; // null: it has no message yet
  choices: readonly Choice[];
  onnew: (isTemporary: boolean) => void;
  onmodel: (id: string) => void;
  onchange: (change: ThreadChange) => void;
  onshow: (what: 'settings' | 'find' | 'branches') => void;
  onfork: () => void;
}
export interface PromptPorts {
  prompts: readonly Prompt[];
  onprompt: (prompt: Prompt | null) => void; // null: shows them all
}
export interface Command {
  name: string;
  words: string; // what it does
  takes?: 'text' | readonly { id: string; words: string }[]; // what comes behind its name
  run: (argument: string) => void;
}
// One line of the list: `text` is put into the box where more must be said, else `run` does it.
export interface Offered {
  id: string;
  label: string;
  words: string;
  text?: string;
  run?: () => void;
}

function save(url: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = '';
  link.click();
}

export function commandsOf({ thread, choices, onnew, onmodel, onchange, onshow, onfork }: CommandPorts, { prompts, onprompt }: PromptPorts = { prompts: [], onprompt: () => {} }): Command[] {
  const always: Command[] = [
    { name: 'new', words: t('new'), run: () => onnew(false) },
    { name: 'temporary', words: t('temporary'), run: () => onnew(true) },
    { name: 'model', words: t('model'), takes: choices.map(({ id, state }) => ({ id, words: state })), run: onmodel },
    { name: 'prompt', words: t('prompt'), takes: prompts.map(({ name, text }) => ({ id: name, words: text.slice(0, 80) })), run: (name) => onprompt(prompts.find((each) => each.name === name) ?? null) },
    { name: 'prompts', words: t('prompts'), run: () => onprompt(null) },
    { name: 'system', words: t('system'), run: () => onshow('settings') },
  ];
  if (!thread) return always;
  return [
    ...always,
    { name: 'title', words: t('title'), takes: 'text', run: (title) => onchange({ title }) },
    { name: 'find', words: t('find'), run: () => onshow('find') },
    { name: 'branches', words: t('branches'), run: () => onshow('branches') },
    { name: 'fork', words: t('fork'), run: onfork },
    { name: 'pin', words: t(thread.is_pinned ? 'unpin' : 'pin'), run: () => onchange({ is_pinned: !thread.is_pinned }) },
    { name: 'archive', words: t(thread.is_archived ? 'bringBack' : 'archive'), run: () => onchange({ is_archived: !thread.is_archived }) },
    { name: 'export', words: t('export'), takes: [{ id: 'markdown', words: t('asMarkdown') }, { id: 'json', words: t('asJson') }], run: (format) => save(exportUrl(thread.id, format === 'json' ? 'json' : 'markdown')) },
  ];
}

// None: the text is a message like any other.
export function offeredFor(commands: readonly Command[], text: string): Offered[] {
  const said = /^\/([\w-]*)(?:[ \t]+(.*))?$/.exec(text);
  if (!said) return [];
  const name = (said[1] ?? '').toLowerCase();
  const argument = said[2];
  if (argument === undefined) {
    return commands
      .filter((command) => command.name.startsWith(name))
      .map(({ name: id, words, takes, run }) => ({ id, label: `/${id}`, words, ...(takes ? { text: `/${id} ` } : { run: () => run('') }) }));
  }
  const command = commands.find((each) => each.name === name);
  if (!command?.takes) return [];
  const wanted = argument.trim();
  if (command.takes === 'text') return wanted === '' ? [] : [{ id: 'text', label: `/${name}`, words: wanted, run: () => command.run(wanted) }];
  return command.takes.filter(({ id }) => id.toLowerCase().includes(wanted.toLowerCase())).map(({ id, words }) => ({ id: `${name} ${id}`, label: id, words, run: () => command.run(id) }));
}
