// The calls the page makes, each a line. The transport is one function, so that tests and the session can stand in it.
import { newTrace } from '../media/secure';
import { asProblem, isAbort, parseProblem } from './problem';
import type { Asset, AssetKind, Background, Page, Production, ProductionSummary, Run, Session, Settings, Status } from './types';
import { upload, type UploadOptions } from './upload';

export interface CallOptions {
  body?: unknown;
  file?: Blob; // instead of a body, as it is
  revision?: number | undefined;
  key?: string | undefined;
  signal?: AbortSignal | undefined;
  keepalive?: boolean | undefined;
}

type Query = Record<string, string | number | undefined>;

export function withQuery(path: string, query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== '') search.set(name, String(value));
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}

const at = encodeURIComponent;

export class Api {
  csrf = '';
  // Called once a call was refused for want of a session.
  onUnauthorized: () => void = () => {};

  async #send(method: string, path: string, options: CallOptions = {}): Promise<Response> {
    const headers = new Headers({ Accept: 'application/json' });
    const init: RequestInit = { method, headers, credentials: 'same-origin' };
    if (options.body !== undefined) {
      headers.set('Content-Type', 'application/json');
      init.body = JSON.stringify(options.body);
    }
    if (options.file) {
      headers.set('Content-Type', options.file.type || 'application/octet-stream');
      init.body = options.file;
    }
    if (options.revision !== undefined) headers.set('If-Match', `"${options.revision}"`);
    if (options.key) headers.set('Idempotency-Key', options.key);
    if (method !== 'GET') {
      headers.set('traceparent', newTrace());
      if (this.csrf) headers.set('X-CSRF-Token', this.csrf);
    }
    if (options.signal) init.signal = options.signal;
    if (options.keepalive) init.keepalive = true;
    let response: Response;
    try {
      response = await fetch(path, init);
    } catch (error) {
      throw isAbort(error) ? error : asProblem(error);
    }
    if (response.ok) return response;
    const problem = parseProblem(response.status, response.statusText, await response.text(), response.headers.get('Retry-After'));
    if (response.status === 401 && path !== '/api/session') this.onUnauthorized();
    throw problem;
  }

  async #json<T>(method: string, path: string, options?: CallOptions): Promise<T> {
    const response = await this.#send(method, path, options);
    return (await response.json()) as T;
  }

  // For pages that bring their calls with them.
  call = <T>(method: string, path: string, options?: CallOptions): Promise<T> => this.#json<T>(method, path, options);
  tell = async (method: string, path: string, options?: CallOptions): Promise<void> => void (await this.#send(method, path, options));

  session = () => this.#json<Session>('GET', '/api/session');
  signIn = (key: string) => this.#json<Session>('POST', '/api/session', { body: { key } });
  signInAs = (name: string, password: string) => this.#json<Session>('POST', '/api/session', { body: { name, password } });
  signOut = () => this.#send('DELETE', '/api/session');
  options = () => this.#json<unknown>('GET', '/api/options');
  status = () => this.#json<Status>('GET', '/api/status');

  productions = (query: { after?: string; limit?: number } = {}) =>
    this.#json<Page<ProductionSummary>>('GET', withQuery('/api/productions', query));
  production = (id: string, signal?: AbortSignal) => this.#json<Production>('GET', `/api/productions/${at(id)}`, { signal });
  createProduction = (body: { story: string; title?: string; settings?: Partial<Settings> }, key: string) =>
    this.#json<Production>('POST', '/api/productions', { body, key });
  changeProduction = (id: string, revision: number, body: { title?: string; settings?: Partial<Settings> }) =>
    this.#json<Production>('PATCH', `/api/productions/${at(id)}`, { body, revision });
  changeStory = (id: string, revision: number, story: string, keepalive = false) =>
    this.#json<Production>('PUT', `/api/productions/${at(id)}/story`, { body: { story }, revision, keepalive });
  changeScene = (id: string, revision: number, scene: string, body: { background?: Background | null; voice?: string | null }) =>
    this.#json<Production>('PATCH', `/api/productions/${at(id)}/scenes/${at(scene)}`, { body, revision });
  deleteProduction = (id: string, keepalive = false) => this.#send('DELETE', `/api/productions/${at(id)}`, { keepalive });
  render = (id: string, key: string) => this.#json<Run>('POST', `/api/productions/${at(id)}/render`, { key });
  scenePreview = async (id: string, scene: string, width: number, signal: AbortSignal) =>
    (await this.#send('GET', withQuery(`/api/productions/${at(id)}/scenes/${at(scene)}/preview`, { width }), { signal })).blob();
  text = async (url: string) => (await this.#send('GET', url)).text();

  runs = (query: { kind?: string; subject?: string; after?: string; limit?: number } = {}) =>
    this.#json<Page<Run>>('GET', withQuery('/api/runs', query));
  run = (id: string) => this.#json<Run>('GET', `/api/runs/${at(id)}`);
  cancelRun = (id: string) => this.#json<Run>('POST', `/api/runs/${at(id)}/cancel`);
  retryRun = (id: string, fromStep?: string) =>
    this.#json<Run>('POST', `/api/runs/${at(id)}/retry`, { body: fromStep ? { from_step: fromStep } : {} });

  assets = (query: { kind?: AssetKind | undefined; after?: string; limit?: number } = {}) =>
    this.#json<Page<Asset>>('GET', withQuery('/api/assets', query));
  asset = (id: string) => this.#json<Asset>('GET', `/api/assets/${at(id)}`);
  deleteAsset = (id: string, keepalive = false) => this.#send('DELETE', `/api/assets/${at(id)}`, { keepalive });
  uploadAsset = (file: File, options: Omit<UploadOptions, 'csrf'> = {}) => upload(file, { ...options, csrf: this.csrf });
}

export const withDownload = (url: string): string => url + (url.includes('?') ? '&' : '?') + 'download=1';
export type PreviewSize = 320 | 640 | 1280;
// A picture of it that is no larger; null: there is none of such an asset.
export const previewUrl = (asset: Asset, size: PreviewSize): string | null => (asset.preview_url === null ? null : `${asset.preview_url}&size=${size}`);
// For `srcset`, where it is shown as large as 320 pixels at most.
export const previewSet = (asset: Asset): string => `${previewUrl(asset, 320)} 1x, ${previewUrl(asset, 640)} 2x`;
// Of an asset known by its id alone. The browser is told what went wrong, if it did.
export const pictureUrl = (asset: string, width: number): string => withQuery(`/api/assets/${at(asset)}/preview`, { size: width > 320 ? 640 : 320 });
