import { describe, expect, it } from 'vitest';
import { Problem } from '$lib/api/problem';
import { sendFile, type TusAnswer } from './tus';

const file = new File(['0123456789'], 'größe.png');

// A server of tus 1.0 that has so much of the upload at `/api/uploads/known`.
function server(known: { offset: number; asset?: string } | null) {
  const asked: { method: string; url: string; headers: Record<string, string>; bytes: number }[] = [];
  const addresses: string[] = [];
  const sent: number[] = [];
  const ask = async (method: string, url: string, headers: Record<string, string>, _ports: unknown, body: Blob | null = null, onSent?: (bytes: number) => void): Promise<TusAnswer> => {
    asked.push({ method, url, headers, bytes: body?.size ?? 0 });
    const answer = (told: Record<string, string>): TusAnswer => ({ status: 204, header: (name) => told[name] ?? null, text: '' });
    if (method === 'HEAD') {
      if (!known) throw new Problem({ status: 404 });
      return answer({ 'Upload-Offset': String(known.offset), ...(known.asset ? { 'X-Atelier-Asset': known.asset } : {}) });
    }
    if (method === 'POST') return answer({ Location: 'http://localhost:3000/api/uploads/new' });
    onSent?.(2);
    return answer({ 'Upload-Offset': '10', 'X-Atelier-Asset': 'made' });
  };
  const ports = { csrf: '', signal: new AbortController().signal, onProgress: (bytes: number) => sent.push(bytes), onAddress: (address: string) => addresses.push(address) };
  return { asked, addresses, sent, send: (address: string) => sendFile(file, 'image/png', address, ports, ask) };
}

describe('sendFile', () => {
  it('says what it is, then sends all of it', async () => {
    const { asked, addresses, sent, send } = server(null);
    expect(await send('')).toBe('made');
    expect(asked.map(({ method, url, bytes }) => [method, url, bytes])).toEqual([['POST', '/api/uploads', 0], ['PATCH', '/api/uploads/new', 10]]);
    expect(asked[0]!.headers).toMatchObject({ 'Upload-Length': '10', 'Upload-Metadata': 'filename Z3LDtsOfZS5wbmc=,filetype aW1hZ2UvcG5n' });
    expect([addresses, sent]).toEqual([['/api/uploads/new'], [0, 2]]);
    const traces = asked.map(({ headers }) => headers['traceparent']);
    expect(traces[0]).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(traces[1], 'one sending is one trace').toBe(traces[0]);
  });
  it('goes on where it was broken off', async () => {
    const { asked, addresses, sent, send } = server({ offset: 4 });
    expect(await send('/api/uploads/known')).toBe('made');
    expect(asked[1]).toMatchObject({ method: 'PATCH', url: '/api/uploads/known', bytes: 6, headers: { 'Upload-Offset': '4' } });
    expect([addresses, sent]).toEqual([[], [4, 6]]);
  });
  it('begins anew where the server forgot it, and sends nothing of what it has whole', async () => {
    const forgotten = server(null);
    await forgotten.send('/api/uploads/known');
    expect(forgotten.asked.map(({ method }) => method)).toEqual(['HEAD', 'POST', 'PATCH']);
    const whole = server({ offset: 10, asset: 'there' });
    expect(await whole.send('/api/uploads/known')).toBe('there');
    expect(whole.asked.length).toBe(1);
  });
});
