// What somebody keeps to say again, and what is asked for when it is used.
import type { Page } from '$lib/api/types';
import type { Studio } from '$lib/state/studio.svelte';
import { withQuery } from '$lib/api/client';

export interface PromptFields {
  name: string;
  text: string;
  folder: string;
  tags: string[];
}
export interface Prompt extends PromptFields {
  id: string;
  revision: number;
  created_at: string;
  changed_at: string;
}
type Api = Pick<Studio['api'], 'call' | 'tell'>;

const VARIABLE = /\{\{[ \t]*([^{}\n]{1,60}?)[ \t]*\}\}/gu;

// Each once, in the order they stand in.
export const variablesOf = (text: string): string[] => [...new Set([...text.matchAll(VARIABLE)].map((found) => found[1]!))];
export const filled = (text: string, values: Readonly<Record<string, string>>): string => text.replace(VARIABLE, (_, name: string) => (Object.hasOwn(values, name) ? values[name]! : ''));
export const fieldsOf = ({ name, text, folder, tags }: PromptFields): PromptFields => ({ name, text, folder, tags });

export function promptCalls(api: Api) {
  const at = (id: string): string => `/api/prompts/${encodeURIComponent(id)}`;
  return {
    async all(): Promise<Prompt[]> {
      const found: Prompt[] = [];
      for (let after = ''; ; ) {
        const page = await api.call<Page<Prompt>>('GET', withQuery('/api/prompts', { limit: 200, after }));
        found.push(...page.items);
        if (page.next === '') return found;
        after = page.next;
      }
    },
    keep: (body: PromptFields) => api.call<Prompt>('POST', '/api/prompts', { body }),
    change: ({ id, revision }: Prompt, body: PromptFields) => api.call<Prompt>('PATCH', at(id), { body, revision }),
    remove: ({ id }: Prompt) => api.tell('DELETE', at(id)),
    import: (prompts: PromptFields[]) => api.call<{ added: number; replaced: number }>('POST', '/api/prompts/import', { body: { prompts } }),
  };
}

// Of our own export, or a plain list; null: it is neither. What is wrong with one of them the server says.
export function readFile(text: string): PromptFields[] | null {
  try {
    const read = JSON.parse(text) as { prompts?: unknown } | unknown[];
    const list = Array.isArray(read) ? read : read.prompts;
    if (!Array.isArray(list) || !list.every((one) => typeof one === 'object' && one !== null)) return null;
    return (list as Partial<PromptFields>[]).map(({ name = '', text: words = '', folder = '', tags = [] }) => ({ name, text: words, folder, tags }));
  } catch {
    return null;
  }
}
export const found = (prompts: readonly Prompt[], words: string): Prompt[] => {
  const wanted = words.trim().toLowerCase();
  return prompts.filter(({ name, text, folder, tags }) => [name, text, folder, ...tags].some((one) => one.toLowerCase().includes(wanted)));
};
