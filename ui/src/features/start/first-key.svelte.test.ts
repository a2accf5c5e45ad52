import { describe, expect, it } from 'vitest';
import type { Model, ProviderChange } from '$lib/api/gateway-types';
import { Problem } from '$lib/api/problem';
import type { Studio } from '$lib/state/studio.svelte';
import { FirstKey, firstToTalk } from './first-key.svelte';

const model = (name: string, output_price: string | null): Model => ({ id: name.split('/')[1], kind: 'model', name, provider: name.split('/')[0], output_price }) as unknown as Model;

describe('firstToTalk', () => {
  it('takes a model of the provider whose price is known, else its first', () => {
    const models = [model('other/x', '1'), model('lab/embed', '0'), model('lab/image', null), model('lab/chat', '10')];
    expect(firstToTalk(models, 'lab')).toBe('lab/chat');
    expect(firstToTalk(models.slice(0, 3), 'lab')).toBe('lab/embed');
    expect(firstToTalk(models, 'nobody')).toBe('');
  });
});

describe('FirstKey', () => {
  function house(check: () => unknown) {
    const asked: string[] = [];
    const shown: { tone?: string; text: string; detail?: string }[] = [];
    const ready: string[] = [];
    const call = async (method: string, path: string): Promise<unknown> => {
      asked.push(`${method} ${path}`);
      if (path.endsWith('/check')) return check();
      if (path === '/api/models') return { items: [model('lab/chat', '10')], next: '', providers: [] };
      return {};
    };
    const tell = async (method: string, path: string): Promise<void> => void asked.push(`${method} ${path}`);
    const studio = { api: { call, tell }, toasts: { show: (toast: (typeof shown)[number]) => shown.push(toast) } } as unknown as Studio;
    return { asked, shown, ready, key: new FirstKey(studio, (name) => ready.push(name)) };
  }
  const change = { preset: 'openai', key: 'sk-x' } as ProviderChange;

  it('says how many models a key that works has, and gives one to talk to', async () => {
    const { key, shown, ready } = house(() => ({ is_ok: true, error: '', model_count: 12 }));
    await key.save('lab', change);
    expect(shown[0]).toMatchObject({ tone: 'ok', text: 'The key works: 12 models found' });
    expect(ready).toEqual(['lab/chat']);
  });
  it('keeps no provider that refused the key, and says what it said', async () => {
    const { key, asked, ready } = house(() => ({ is_ok: false, error: 'Incorrect API key provided', model_count: 0 }));
    await expect(key.save('lab', change)).rejects.toMatchObject({ title: 'The provider lab could not be used', detail: 'Incorrect API key provided' });
    expect(asked).toEqual(['POST /api/providers', 'POST /api/providers/lab/check', 'DELETE /api/providers/lab']);
    expect(ready).toEqual([]);
  });
  it('keeps none that could not be checked', async () => {
    const { key, asked } = house(() => {
      throw new Problem({ code: 'offline', title: 'The server cannot be reached' });
    });
    await expect(key.save('lab', change)).rejects.toMatchObject({ detail: 'The server cannot be reached' });
    expect(asked.at(-1)).toBe('DELETE /api/providers/lab');
  });
});
