// Tools that models may call, and what is allowed of them.
import type { Message } from './chat-types';
import { withQuery, type Api } from './client';
import type { Page } from './types';

export interface Tool {
  name: string;
  title: string;
  description: string; // as the model is told
  only_reads: boolean;
  grant: 'ask' | 'thread' | 'always';
}
// `remember`: the tool is not asked for again, in this thread or anywhere.
export interface ToolDecision {
  decision: 'allow' | 'deny';
  remember?: 'thread' | 'always';
}

const of = (name: string): string => `/api/tools/${encodeURIComponent(name)}/grant`;

export function toolCalls(api: Pick<Api, 'call' | 'tell'>) {
  return {
    tools: (thread?: string) => api.call<Page<Tool>>('GET', thread ? withQuery('/api/tools', { thread }) : '/api/tools'),
    allow: (name: string) => api.call<Tool>('PUT', of(name), { body: { scope: 'always' } }),
    askAgain: (name: string, thread?: string) => api.tell('DELETE', thread ? withQuery(of(name), { thread }) : of(name)),
    decide: (thread: string, number: number, call: string, body: ToolDecision) =>
      api.call<Message>('POST', `/api/threads/${encodeURIComponent(thread)}/messages/${number}/tool-calls/${encodeURIComponent(call)}`, { body }),
  };
}
