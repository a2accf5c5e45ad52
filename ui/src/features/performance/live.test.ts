import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FigureLines } from '$lib/api/figure-types';
import { fitsLive, Live } from './live';

const event = (second: number): string => `event: figures\ndata: ${JSON.stringify({ from: new Date(second * 1000).toISOString(), step_ms: 1000, ran_seconds: [], lines: [] })}\n\n`;

class Server {
  asked: string[] = [];
  signals: AbortSignal[] = [];
  status = 200;
  #bodies: ReadableStreamDefaultController<Uint8Array>[] = [];
  fetch = (url: string, { signal }: { signal: AbortSignal }): Promise<Response> => {
    this.asked.push(decodeURIComponent(url.split('figures=')[1]!));
    this.signals.push(signal);
    const body = new ReadableStream<Uint8Array>({ start: (controller) => {
      this.#bodies.push(controller);
      signal.addEventListener('abort', () => controller.error(new DOMException('stopped', 'AbortError')));
    } });
    return Promise.resolve(new Response(body, { status: this.status }));
  };
  say = (text: string): void => this.#bodies.at(-1)!.enqueue(new TextEncoder().encode(text));
  end = (): void => this.#bodies.at(-1)!.close();
}

describe('the stream of newest points', () => {
  let server: Server;
  let lines: FigureLines[];
  let ends: boolean[];
  let live: Live;
  const settled = (): Promise<void> => vi.advanceTimersByTimeAsync(0).then(() => {});
  beforeEach(() => {
    vi.useFakeTimers();
    [server, lines, ends] = [new Server(), [], []];
    live = new Live({ fetch: server.fetch, onlines: (told) => lines.push(told), onend: (isRefused) => ends.push(isRefused) });
  });
  afterEach(() => vi.useRealTimers());

  it('is one, for all figures, and opened anew for others', async () => {
    expect(live.watch(['a{x="1"}:rate', 'b:p95'])).toBe(true);
    await settled();
    server.say(event(1) + 'event: process\ndata: {}\n\n' + event(2));
    await settled();
    expect(lines.map(({ from }) => Date.parse(from) / 1000)).toEqual([1, 2]);
    expect(live.watch(['a{x="1"}:rate', 'b:p95']), 'the same').toBe(false);
    expect(live.watch(['b:p95'])).toBe(true);
    await settled();
    expect(server.asked).toEqual(['a{x="1"}:rate\nb:p95', 'b:p95']);
    expect(server.signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(ends, 'nothing ended of itself').toEqual([]);
    live.close();
    await settled();
    expect([live.isOpen, server.signals[1]!.aborted, ends]).toEqual([false, true, []]);
  });
  it('says that it was refused, and that it ended', async () => {
    server.status = 503;
    live.watch(['a:rate']);
    await settled();
    expect([ends, live.isOpen]).toEqual([[true], false]);
    server.status = 200;
    live.watch(['a:rate']);
    await settled();
    server.say(event(1));
    server.end();
    await settled();
    expect(ends).toEqual([true, false]);
  });
  it('leaves its place where it says what nobody understands', async () => {
    live.watch(['a:rate']);
    await settled();
    server.say(event(1) + 'event: figures\ndata: {"from"\n\n');
    await settled();
    expect([ends, live.isOpen, server.signals[0]!.aborted]).toEqual([[false], false, true]);
  });
  it('is given up once it is silent', async () => {
    live.watch(['a:rate']);
    await settled();
    server.say(event(1));
    await vi.advanceTimersByTimeAsync(14_000);
    expect(ends).toEqual([]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(ends).toEqual([false]);
  });
  it('is not asked for more than the server takes', () => {
    expect(fitsLive(['a:rate'], 64)).toBe(true);
    expect(fitsLive(Array.from({ length: 65 }, () => 'a:rate'), 64)).toBe(false);
    expect(fitsLive(Array.from({ length: 60 }, () => `a{route="${'x'.repeat(200)}"}:rate`), 64)).toBe(false);
  });
});
