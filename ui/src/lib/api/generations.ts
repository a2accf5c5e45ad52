// The calls about what is made, each a line.
import { withQuery, type Api } from './client';
import type { Generation, GenerationEstimate, MediaKind, MediaModel, NewGeneration, VoiceList } from './generation-types';
import type { Page } from './types';

const at = encodeURIComponent;

// Each number is another picture, under an address of its own.
export const partialUrl = (id: string, number: number): string => withQuery(`/api/generations/${at(id)}/partial`, { number });
export const sampleUrl = (model: string, voice: string): string => withQuery('/api/voices/sample', { model, voice });

export function generationCalls(api: Api) {
  return {
    models: (kind: MediaKind) => api.call<{ items: MediaModel[] }>('GET', withQuery('/api/generations/models', { kind })),
    estimate: (body: NewGeneration, signal?: AbortSignal) => api.call<GenerationEstimate>('POST', '/api/generations/estimate', { body, signal }),
    create: (body: NewGeneration, key: string) => api.call<Generation>('POST', '/api/generations', { body, key }),
    list: (query: { kind?: MediaKind | undefined; after?: string; limit?: number }) => api.call<Page<Generation>>('GET', withQuery('/api/generations', query)),
    one: (id: string) => api.call<Generation>('GET', `/api/generations/${at(id)}`),
    cancel: (id: string) => api.call<Generation>('POST', `/api/generations/${at(id)}/cancel`),
    retry: (id: string, mayPayTwice: boolean, key: string) => api.call<Generation>('POST', `/api/generations/${at(id)}/retry`, { body: { may_pay_twice: mayPayTwice }, key }),
    voices: (model: string, signal?: AbortSignal) => api.call<VoiceList>('GET', withQuery('/api/voices', { model }), { signal }),
    hasSample: (model: string, voice: string) => api.tell('GET', sampleUrl(model, voice)), // fetched from its provider where it is not here yet
    makeSample: (model: string, voice: string) => api.tell('POST', '/api/voices/sample', { body: { model, voice } }),
    giveUp: (id: string) => api.call<Generation>('POST', `/api/generations/${at(id)}/give_up`),
  };
}
export type GenerationCalls = ReturnType<typeof generationCalls>;
