import { describe, expect, it } from 'vitest';
import { EventStream, waitBeforeTry, type Envelope, type StreamPorts, type StreamStatus } from './stream';

interface Timer {
  call: () => void;
  ms: number;
}

// A network and a clock that do what the test says.
function makeWorld() {
  const requests: { headers: Record<string, string>; send: (text: string) => void; end: () => void; signal: AbortSignal }[] = [];
  const timers = new Set<Timer>();
  const world = {
    requests,
    timers,
    isOnline: true,
    status: 200,
    events: [] as Envelope[],
    words: [] as StreamStatus['word'][],
    // Lets what was promised happen.
    settle: async () => {
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    },
    fire: async (ms: number) => {
      for (const timer of [...timers].filter((timer) => timer.ms <= ms)) {
        timers.delete(timer);
        timer.call();
      }
      await world.settle();
    },
  };
  const ports: StreamPorts = {
    fetch: (_url, init) => {
      if (world.status !== 200) return Promise.resolve(new Response(null, { status: world.status }));
      let controller!: ReadableStreamDefaultController<Uint8Array>;
      const body = new ReadableStream<Uint8Array>({ start: (made) => void (controller = made) });
      init.signal.addEventListener('abort', () => controller.error(new DOMException('', 'AbortError')));
      requests.push({ headers: init.headers, signal: init.signal, send: (text) => controller.enqueue(new TextEncoder().encode(text)), end: () => controller.close() });
      return Promise.resolve(new Response(body));
    },
    now: () => 0,
    random: () => 0.5,
    isOnline: () => world.isOnline,
    setTimer: (call, ms) => {
      const timer = { call, ms };
      timers.add(timer);
      return timer;
    },
    clearTimer: (timer) => void timers.delete(timer as Timer),
  };
  const stream = new EventStream(ports, (events) => world.events.push(...events), (status) => world.words.push(status.word));
  return { world, stream };
}

describe('EventStream', () => {
  it('asks from the last id after it was cut', async () => {
    const { world, stream } = makeWorld();
    stream.start();
    await world.settle();
    world.requests[0]!.send('id: 1-7\nevent: run.changed\ndata: {"topic":"runs","number":3,"data":{"id":"r"}}\n\n');
    await world.settle();
    expect(world.events).toEqual([{ type: 'run.changed', id: '1-7', data: { id: 'r' } }]);
    world.requests[0]!.end();
    await world.settle();
    expect(stream.status.word).toBe('waiting');
    await world.fire(600);
    expect(world.requests[1]!.headers['Last-Event-ID']).toBe('1-7');
    expect(world.words).toEqual(['connecting', 'live', 'waiting', 'connecting']);
  });

  it('passes on the first greeting, and none once it goes on from where it was', async () => {
    const { world, stream } = makeWorld();
    const hello = 'id: 1-7\nevent: hello\ndata: {}\n\n';
    stream.start();
    await world.settle();
    world.requests[0]!.send(hello + 'event: closing\ndata: {"reason":"planned"}\n\n');
    await world.settle();
    world.requests[0]!.end();
    await world.settle();
    await world.fire(600);
    world.requests[1]!.send(hello);
    await world.settle();
    expect(world.events.map((event) => event.type)).toEqual(['hello']);
  });

  it('waits longer with each failure and starts over once live', async () => {
    const { world, stream } = makeWorld();
    world.status = 503;
    stream.start();
    const waits: number[] = [];
    for (let turn = 0; turn < 8; turn += 1) {
      await world.settle();
      waits.push([...world.timers][0]!.ms);
      await world.fire(Infinity);
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });

  it('spreads its tries by thirty percent', () => {
    expect(waitBeforeTry(1, 0)).toBe(425);
    expect(waitBeforeTry(1, 1)).toBe(575);
  });

  it('does not try again without a session until woken', async () => {
    const { world, stream } = makeWorld();
    world.status = 401;
    stream.start();
    await world.settle();
    expect(stream.status.word).toBe('refused');
    expect(world.timers.size).toBe(0);
    world.status = 200;
    stream.wake();
    await world.settle();
    expect(world.requests).toHaveLength(1);
  });

  it('says offline when the browser is', async () => {
    const { world, stream } = makeWorld();
    world.status = 502;
    world.isOnline = false;
    stream.start();
    await world.settle();
    expect(stream.status.word).toBe('offline');
  });

  it('takes silence for a dead connection', async () => {
    const { world, stream } = makeWorld();
    stream.start();
    await world.settle();
    world.requests[0]!.send(': alive\n\n');
    await world.settle();
    expect(stream.status.word).toBe('live');
    await world.fire(45_000);
    expect(world.requests[0]!.signal.aborted).toBe(true);
    expect(stream.status.word).toBe('waiting');
  });

  it('is quiet after stop', async () => {
    const { world, stream } = makeWorld();
    stream.start();
    await world.settle();
    stream.stop();
    await world.settle();
    expect([...world.timers].filter((timer) => timer.ms < 45_000)).toHaveLength(0);
    expect(world.requests).toHaveLength(1);
  });
});
