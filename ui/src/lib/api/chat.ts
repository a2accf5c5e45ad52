// The chat's calls, each a line.
import type { Folder, ImportedThreads, Message, Part, SearchAnswer, SentMessages, Thread, Summary, ThreadChange, ThreadPage, ThreadParameters } from './chat-types';
import { withQuery, type Api } from './client';
import type { ModelPage } from './gateway-types';
import type { Page } from './types';

export interface NewThread {
  title?: string;
  model?: string;
  system?: string;
  parameters?: ThreadParameters;
  is_temporary?: boolean;
}
export interface NewMessage {
  parent: number; // 0: at the thread's beginning
  parts: Part[];
  model?: string;
  models?: readonly string[]; // two to four answer it side by side, in place of `model`
}
// Those before a message (without it), or those up to it.
export type Reach = { before: number } | { from: number };

// Writes that belong to a thread go out one after the other, under its id; under this where it is not made yet.
export const laneOfNew = (key: string): string => `new:${key}`;
export const isLaneOfNew = (lane: string): boolean => lane.startsWith('new:');

// Nobody waits longer for what can be sent again later.
const WRITE_MS = 5000;

// Where a thread goes on after a send: its answer, of several the first.
export const headOf = ({ messages }: SentMessages): Message | undefined => messages.find(({ role }) => role === 'assistant') ?? messages.at(-1);

const of = (id: string): string => `/api/threads/${encodeURIComponent(id)}`;

export function chatCalls(api: Pick<Api, 'call' | 'tell'>) {
  return {
    threads: (query: { after?: string; limit?: number; is_archived?: string; folder?: string }) => api.call<Page<Thread>>('GET', withQuery('/api/threads', query)),
    createThread: (body: NewThread, key: string) => api.call<Thread>('POST', '/api/threads', { body, key }),
    changeThread: (id: string, body: ThreadChange) => api.call<Thread>('PATCH', of(id), { body, signal: AbortSignal.timeout(WRITE_MS) }),
    deleteThread: (id: string, keepalive = false) => api.tell('DELETE', of(id), { keepalive }),

    thread: (id: string, window: number, signal?: AbortSignal) => api.call<ThreadPage>('GET', withQuery(of(id), { window }), { signal }),
    messages: (id: string, reach: Reach, limit: number, signal?: AbortSignal) => api.call<{ messages: Message[] }>('GET', withQuery(`${of(id)}/messages`, { ...reach, limit }), { signal }),
    message: (id: string, number: number) => api.call<Message>('GET', `${of(id)}/messages/${number}`),

    send: (id: string, body: NewMessage, key: string) => api.call<SentMessages>('POST', `${of(id)}/messages`, { body, key }),
    answer: (id: string, number: number, model: string, key: string) => api.call<SentMessages>('POST', `${of(id)}/messages/${number}/answers`, { body: model ? { model } : {}, key }),
    stop: (id: string, number: number) => api.call<Message>('POST', `${of(id)}/messages/${number}/stop`),
    stopAll: (id: string) => api.call<Thread>('POST', `${of(id)}/stop`),
    suggest: (id: string, number: number, signal: AbortSignal) => api.call<{ suggestions: string[] }>('POST', `${of(id)}/messages/${number}/suggestions`, { signal }),
    summaries: (id: string) => api.call<{ items: Summary[] }>('GET', `${of(id)}/summaries`),
    goOn: (id: string, number: number) => api.call<Message>('POST', `${of(id)}/messages/${number}/continue`),
    search: (q: string, limit: number, signal: AbortSignal) => api.call<SearchAnswer>('GET', withQuery('/api/threads/search', { q, limit }), { signal }),
    importThreads: (file: Blob) => api.call<ImportedThreads>('POST', '/api/threads/import', { file }),
    folders: () => api.call<Page<Folder>>('GET', '/api/thread-folders'),
    createFolder: (name: string) => api.call<Folder>('POST', '/api/thread-folders', { body: { name } }),
    changeFolder: (id: string, name: string) => api.call<Folder>('PATCH', `/api/thread-folders/${encodeURIComponent(id)}`, { body: { name } }),
    deleteFolder: (id: string) => api.tell('DELETE', `/api/thread-folders/${encodeURIComponent(id)}`),
    models: () => api.call<ModelPage>('GET', '/api/models'), // whom one can ask
    fork: (id: string, message: number, scope: 'branch' | 'all', key: string) => api.call<Thread>('POST', `${of(id)}/fork`, { body: { message, scope }, key }),
  };
}
// Where a thread can be had as a file: the branch that is shown, to be read, or everything, to be taken elsewhere.
export const exportUrl = (id: string, format: 'markdown' | 'json'): string => withQuery(`${of(id)}/export`, { format });

export type ChatCalls = ReturnType<typeof chatCalls>;
