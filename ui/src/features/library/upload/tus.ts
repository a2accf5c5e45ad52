// Sends a file in one go that may be broken off and goes on where it was, as tus 1.0 has it: first what it is, then its bytes from
// the offset that the server names. XMLHttpRequest, since fetch does not tell how much of a body has gone out.
import { parseProblem, Problem } from '$lib/api/problem';
import { newTrace } from '$lib/media/secure';

const VERSION = '1.0.0';

export interface TusPorts {
  csrf: string;
  signal: AbortSignal;
  onProgress: (sent: number, total: number) => void;
  // The address it got, to go on at it later: kept by the caller.
  onAddress: (address: string) => void;
}
export interface TusAnswer {
  status: number;
  header: (name: string) => string | null;
  text: string;
}

export function ask(method: string, url: string, headers: Record<string, string>, ports: Pick<TusPorts, 'csrf' | 'signal'>, body: Blob | null = null, onSent?: (bytes: number) => void): Promise<TusAnswer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    request.setRequestHeader('Tus-Resumable', VERSION);
    if (ports.csrf) request.setRequestHeader('X-CSRF-Token', ports.csrf);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    if (onSent) request.upload.onprogress = ({ loaded }) => onSent(loaded);
    const stop = (): void => request.abort();
    ports.signal.addEventListener('abort', stop, { once: true });
    request.onloadend = () => ports.signal.removeEventListener('abort', stop);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve({ status: request.status, header: (name) => request.getResponseHeader(name), text: request.responseText });
      else reject(parseProblem(request.status, request.statusText, request.responseText, request.getResponseHeader('Retry-After')));
    };
    request.onerror = () => reject(new Problem({ code: 'offline', title: 'The upload was cut off' }));
    request.onabort = () => reject(new DOMException('stopped', 'AbortError'));
    request.send(body);
  });
}

const base64 = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

const ASSET = 'X-Atelier-Asset'; // what a whole upload became

// Where it got to, and what it became; null, if the server knows nothing of such an address.
async function standing(address: string, ports: TusPorts, send: typeof ask): Promise<{ offset: number; asset: string } | null> {
  try {
    const answer = await send('HEAD', address, {}, ports);
    const offset = Number(answer.header('Upload-Offset') ?? NaN);
    return Number.isInteger(offset) ? { offset, asset: answer.header(ASSET) ?? '' } : null;
  } catch (error) {
    if (error instanceof Problem && [403, 404, 410].includes(error.status)) return null;
    throw error;
  }
}

// `address`: of an upload of the same file that was broken off, or "". Gives the asset's id.
export async function sendFile(file: File, mediaType: string, address: string, ports: TusPorts, send: typeof ask = ask): Promise<string> {
  const traceparent = newTrace(); // all of one sending is one trace
  const known = address === '' ? null : await standing(address, ports, send);
  if (known && known.asset !== '') return known.asset;
  const offset = known?.offset ?? 0;
  if (!known) {
    const metadata = `filename ${base64(file.name)},filetype ${base64(mediaType)}`;
    const made = await send('POST', '/api/uploads', { 'Upload-Length': String(file.size), 'Upload-Metadata': metadata, traceparent }, ports);
    const location = made.header('Location');
    if (!location) throw new Problem({ code: 'upload_address', title: 'The server named no place for the upload' });
    // Only a place at this server is written to.
    const at = new URL(location, globalThis.location?.href ?? 'http://localhost');
    address = at.pathname + at.search;
    ports.onAddress(address);
  }
  ports.onProgress(offset, file.size);
  const done = await send('PATCH', address, { 'Upload-Offset': String(offset), 'Content-Type': 'application/offset+octet-stream', traceparent }, ports, file.slice(offset), (sent) => ports.onProgress(offset + sent, file.size));
  return done.header(ASSET) ?? '';
}
