import { describe, expect, it } from 'vitest';
import type { Studio } from '$lib/state/studio.svelte';
import { Manual } from './manual.svelte';

function house() {
  const asked: string[] = [];
  const waiting = new Map<string, () => void>();
  const call = async (_: string, path: string): Promise<unknown> => {
    asked.push(path);
    if (path === '/api/manual') return { items: [{ name: 'readme', title: 'Atelier', sections: [] }, { name: 'chat', title: 'Chat', sections: [] }] };
    const name = path.split('/').at(-1)!;
    if (name === 'slow') await new Promise<void>((resolve) => waiting.set(name, resolve));
    return { name, title: name, sections: [] };
  };
  return { asked, waiting, manual: new Manual({ api: { call } } as unknown as Studio) };
}

describe('Manual', () => {
  it('shows the first page where none is named, and reads each once', async () => {
    const { manual, asked } = house();
    await manual.show('');
    expect(manual.shown?.name).toBe('readme');
    await manual.show('chat');
    await manual.show('readme');
    expect([manual.shown?.name, asked]).toEqual(['readme', ['/api/manual', '/api/manual/readme', '/api/manual/chat']]);
  });
  it('does not show what came too late', async () => {
    const { manual, waiting } = house();
    const slow = manual.show('slow');
    while (!waiting.has('slow')) await Promise.resolve();
    await manual.show('chat');
    waiting.get('slow')!();
    await slow;
    expect(manual.shown?.name).toBe('chat');
  });
});
