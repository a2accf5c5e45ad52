import { describe, expect, it } from 'vitest';
import type { Thread } from '$lib/api/chat-types';
import { commandsOf, offeredFor, type CommandPorts } from './commands';

function house(thread: Partial<Thread> | null = { id: 't1', is_pinned: true }) {
  const done: unknown[] = [];
  const note = (what: string) => (...given: unknown[]): void => void done.push([what, ...given]);
  const ports: CommandPorts = {
    thread: thread as Thread | null,
    choices: [{ id: 'lab/one', label: 'lab/one', group: 'lab', facts: [], state: 'ready', isReady: true }, { id: 'lab/two', label: 'lab/two', group: 'lab', facts: [], state: '', isReady: true }],
    onnew: note('new'), onmodel: note('model'), onchange: note('change'), onshow: note('show'), onfork: note('fork'),
  };
  const offered = (text: string) => offeredFor(commandsOf(ports), text);
  return { done, offered, names: (text: string) => offered(text).map(({ label }) => label) };
}

describe('commands', () => {
  it('insert what was kept, by its name', () => {
    const kept = (name: string) => ({ id: name, name, text: `Say ${name}`, folder: '', tags: [], revision: 1, created_at: '', changed_at: '' });
    const used: string[] = [];
    const commands = commandsOf({ thread: null, choices: [], onnew: () => {}, onmodel: () => {}, onchange: () => {}, onshow: () => {}, onfork: () => {} }, { prompts: [kept('translate'), kept('sum up')], onprompt: (prompt) => used.push(prompt?.text ?? 'all') });
    expect(offeredFor(commands, '/prompt ').map(({ label, words }) => `${label}: ${words}`)).toEqual(['translate: Say translate', 'sum up: Say sum up']);
    offeredFor(commands, '/prompt UP')[0]!.run!();
    offeredFor(commands, '/prompts')[0]!.run!();
    expect(used).toEqual(['Say sum up', 'all']);
  });
  it('are those that begin as typed, and only those that can be done', () => {
    const { names } = house();
    expect(names('/')).toEqual(['/new', '/temporary', '/model', '/prompt', '/prompts', '/system', '/title', '/find', '/branches', '/fork', '/pin', '/archive', '/export']);
    expect(names('/T')).toEqual(['/temporary', '/title']);
    expect(house(null).names('/')).toEqual(['/new', '/temporary', '/model', '/prompt', '/prompts', '/system']);
  });
  it('leave every other text alone', () => {
    const { names } = house();
    for (const text of ['', 'a /model', '//', '/etc/hosts is a file', '/unknown', '/new thing', '/model\nlab', '/2+2']) expect(names(text), text).toEqual([]);
  });
  it('ask for what they need, and are done with it', () => {
    const { offered, names, done } = house();
    expect(offered('/mod')[0]).toMatchObject({ text: '/model ' });
    expect(names('/model ')).toEqual(['lab/one', 'lab/two']);
    offered('/model TWO')[0]!.run!();
    expect(names('/title   ')).toEqual([]);
    offered('/title  The lamp ')[0]!.run!();
    offered('/pin')[0]!.run!();
    offered('/temporary')[0]!.run!();
    expect(done).toEqual([['model', 'lab/two'], ['change', { title: 'The lamp' }], ['change', { is_pinned: false }], ['new', true]]);
  });
});
