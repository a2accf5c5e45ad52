// Sends a file's bytes. XMLHttpRequest, since fetch does not tell how much of a body has gone out.
import { newTrace } from '../media/secure';
import { parseProblem, Problem } from './problem';
import { withQuery } from './client';
import type { Asset } from './types';

export interface UploadOptions {
  csrf?: string;
  signal?: AbortSignal;
  onProgress?: (sent: number, total: number) => void;
}

const BY_ENDING: Record<string, string> = {
  jpg: 'image/jpeg', jpeg: 'image/jpeg', png: 'image/png', webp: 'image/webp', gif: 'image/gif', avif: 'image/avif',
  mp4: 'video/mp4', mov: 'video/quicktime', webm: 'video/webm', mkv: 'video/x-matroska',
  mp3: 'audio/mpeg', wav: 'audio/wav', flac: 'audio/flac', ogg: 'audio/ogg', m4a: 'audio/mp4', pdf: 'application/pdf',
};

// A browser leaves the type empty where the system does not know the ending.
export function mediaTypeOf(file: { name: string; type: string }): string {
  if (file.type) return file.type;
  return BY_ENDING[file.name.split('.').pop()?.toLowerCase() ?? ''] ?? 'application/octet-stream';
}

export function upload(file: File, options: UploadOptions): Promise<Asset> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', withQuery('/api/assets', { name: file.name }));
    request.setRequestHeader('Content-Type', mediaTypeOf(file));
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('traceparent', newTrace());
    if (options.csrf) request.setRequestHeader('X-CSRF-Token', options.csrf);
    request.upload.onprogress = (event) => options.onProgress?.(event.loaded, event.total || file.size);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText) as Asset);
      else reject(parseProblem(request.status, request.statusText, request.responseText, request.getResponseHeader('Retry-After')));
    };
    request.onerror = () => reject(new Problem({ code: 'offline', title: 'The upload was cut off' }));
    request.onabort = () => reject(new DOMException('stopped', 'AbortError'));
    options.signal?.addEventListener('abort', () => request.abort(), { once: true });
    request.send(file);
  });
}
