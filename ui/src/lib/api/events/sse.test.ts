import { describe, expect, it } from 'vitest';
import { SseParser, type SseMessage } from './sse';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const stream =
  '\ufeff: hello\r\nid: e-1\r\nevent: hello\r\ndata: {"a":1}\r\n\r\n' +
  'event: run.changed\nid: e-2\ndata: first\ndata: zweite Zeile: größer 🙂\n\n' +
  'event: step.progress\rdata:no space\r\r' +
  'data\n\nid: bad\0id\nunknown: x\ndata: last\n\ndata: never ended\n';

function parse(pieces: Uint8Array[]): SseMessage[] {
  const parser = new SseParser();
  return pieces.flatMap((piece) => parser.feed(piece));
}
const expected: SseMessage[] = [
  { id: 'e-1', hasId: true, type: 'hello', data: '{"a":1}' },
  { id: 'e-2', hasId: true, type: 'run.changed', data: 'first\nzweite Zeile: größer 🙂' },
  { id: 'e-2', hasId: false, type: 'step.progress', data: 'no space' },
  { id: 'e-2', hasId: false, type: 'message', data: '' },
  { id: 'e-2', hasId: false, type: 'message', data: 'last' },
];

describe('SseParser', () => {
  it('reads events, ids and line ends of all kinds', () => {
    expect(parse([bytes(stream)])).toEqual(expected);
  });
  it('reads the same from pieces of every size', () => {
    const all = bytes(stream);
    for (let size = 1; size <= all.length; size += 1) {
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < all.length; at += size) pieces.push(all.slice(at, at + size));
      expect(parse(pieces), `pieces of ${size}`).toEqual(expected);
    }
  });
  it('keeps the last id for those who come without', () => {
    const parser = new SseParser();
    parser.feed(bytes('id: 7\ndata: x\n\ndata: y\n\n'));
    expect(parser.lastId).toBe('7');
  });
  it('refuses a line without end', () => {
    const parser = new SseParser();
    const piece = new Uint8Array(1 << 20).fill(97);
    expect(() => Array.from({ length: 6 }, () => parser.feed(piece))).toThrow(/too long/);
  });
});
