import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Drawer, type Outcome } from './drawer';
import { pictureAddress } from './picture-address';
import { textMost, type DrawRequest } from './protocol';

const patience = { drawingMs: 100, openingMs: 300, idleMs: 1000 };
const pictureOf = (text: string) => ({ svg: `<svg>${text}</svg>`, width: 10, height: 20, title: '', description: '' });

// A frame that answers when it is told to.
class Frames {
  readonly asked: DrawRequest[] = [];
  opened = 0;
  open = 0;
  canLoad = true;
  answers = true;
  say: (said: unknown) => void = () => {};
  readonly drawer = new Drawer((onsaid, signal) => {
    this.opened += 1;
    if (!this.canLoad) return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('offline'))));
    this.open += 1;
    this.say = onsaid;
    return Promise.resolve({ ask: (request) => this.#asked(request), close: () => (this.open -= 1) });
  }, patience);

  #asked(request: DrawRequest): void {
    this.asked.push(request);
    if (this.answers) this.say({ number: request.number, drawn: pictureOf(request.text) });
  }
  draw(text: string, isDark = false): Promise<Outcome> {
    return new Promise((resolve) => void this.drawer.draw(text, isDark, resolve));
  }
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('diagrams', () => {
  it('are drawn one after the other by one frame', async () => {
    const frames = new Frames();
    const outcomes = await Promise.all(['a', 'b', 'c'].map((text) => frames.draw(text)));
    expect(outcomes).toEqual(['a', 'b', 'c'].map((text) => ({ drawn: pictureOf(text) })));
    expect(frames.opened).toBe(1);
  });
  it('are drawn once for all that show the same, and again in other colours', async () => {
    const frames = new Frames();
    await Promise.all([frames.draw('a'), frames.draw('a')]);
    await frames.draw('a');
    expect(frames.asked).toHaveLength(1);
    await frames.draw('a', true);
    expect(frames.asked.map(({ isDark }) => isDark)).toEqual([false, true]);
    expect(frames.drawer.known('a', true)).toEqual({ drawn: pictureOf('a') });
    expect(frames.drawer.known('b', true)).toBeNull();
  });
  it('that left the screen before their turn are not drawn', async () => {
    const frames = new Frames();
    const first = frames.draw('a');
    const tell = vi.fn();
    frames.drawer.draw('b', false, tell)();
    await first;
    await frames.draw('c');
    expect(frames.asked.map(({ text }) => text)).toEqual(['a', 'c']);
    expect(tell).not.toHaveBeenCalled();
  });
  it('that are too long are not drawn at all', async () => {
    const frames = new Frames();
    expect(await frames.draw('x'.repeat(textMost + 1))).toEqual({ refused: { reason: 'size', line: 0 } });
    expect(frames.opened).toBe(0);
  });
  it('that take too long lose their frame, and are not tried again; the next has a new one', async () => {
    const frames = new Frames();
    frames.answers = false;
    const slow = frames.draw('slow');
    const next = frames.draw('next');
    await vi.advanceTimersByTimeAsync(patience.drawingMs - 1);
    expect(frames.open).toBe(1);
    frames.answers = true;
    await vi.advanceTimersByTimeAsync(1);
    expect(await slow).toEqual({ refused: { reason: 'time', line: 0 } });
    expect(await next).toEqual({ drawn: pictureOf('next') });
    expect(frames.opened).toBe(2);
    expect(frames.open).toBe(1);
    expect(await frames.draw('slow')).toEqual({ refused: { reason: 'time', line: 0 } });
    expect(frames.asked).toHaveLength(2);
    frames.drawer.forget('slow', false);
    expect(await frames.draw('slow'), 'unless that is asked for').toEqual({ drawn: pictureOf('slow') });
  });
  it('whose frame cannot be loaded say so, and may be asked for again', async () => {
    const frames = new Frames();
    frames.canLoad = false;
    const outcome = frames.draw('a');
    await vi.advanceTimersByTimeAsync(patience.openingMs);
    expect(await outcome).toEqual({ refused: { reason: 'unreachable', line: 0 } });
    frames.canLoad = true;
    expect(await frames.draw('a')).toEqual({ drawn: pictureOf('a') });
  });
  it('leave no frame behind once none was wanted for a while', async () => {
    const frames = new Frames();
    await frames.draw('a');
    await vi.advanceTimersByTimeAsync(patience.idleMs - 1);
    await frames.draw('b');
    await vi.advanceTimersByTimeAsync(patience.idleMs - 1);
    expect(frames.open).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(frames.open).toBe(0);
  });
  it('are remembered up to a bound', async () => {
    const frames = new Frames();
    for (let at = 0; at < 80; at += 1) await frames.draw(`${at}`);
    expect(frames.drawer.known('0', false)).toBeNull();
    expect(frames.drawer.known('79', false)).not.toBeNull();
    for (let at = 0; at < 120; at += 1) await frames.draw(`${at} big ${'x'.repeat(textMost - 10)}`);
    expect(frames.drawer.known('79', false)).toBeNull();
    for (let at = 0; at < 60; at += 1) await frames.draw(`${at}`);
    expect(frames.drawer.known('0', false), 'what was forgotten no longer counts').not.toBeNull();
  });
});

describe('what the frame says', () => {
  const answerTo = async (said: (number: number) => unknown): Promise<Outcome> => {
    const frames = new Frames();
    frames.answers = false;
    const outcome = frames.draw('a');
    await vi.advanceTimersByTimeAsync(0);
    frames.say(said(frames.asked[0]!.number));
    await vi.advanceTimersByTimeAsync(patience.drawingMs);
    return outcome;
  };
  it.each([null, 'drawn', 7, {}, { number: 1 }, { number: 1, drawn: null }, { number: 1, drawn: { ...pictureOf('a'), title: 7 } }, { number: 1, refused: {} }, { number: 1, refused: { reason: '<b>', line: 1 } }, { number: 2, drawn: pictureOf('b') }])(
    'is not believed where it is no answer: %j',
    async (said) => expect(await answerTo(() => said)).toEqual({ refused: { reason: 'time', line: 0 } }),
  );
  it.each([{ width: 0 }, { width: Infinity }, { height: 1e9 }, { height: '10' }, { svg: 'x'.repeat(2_000_001) }])('is too large: %j', async (part) => {
    const outcome = await answerTo((number) => ({ number, drawn: { ...pictureOf('a'), ...part } }));
    expect(outcome).toEqual({ refused: { reason: 'size', line: 0 } });
  });
  it('is made fit to be a picture', async () => {
    const outcome = await answerTo((number) => ({ number, drawn: { ...pictureOf('a'), svg: '<svg>\u0000\u0001\t\n\ud800ä😀\uffff</svg>' } }));
    expect(outcome).toEqual({ drawn: { ...pictureOf('a'), svg: '<svg>\ufffd\ufffd\t\n\ufffdä😀\ufffd</svg>' } });
  });
  it('names a line only by its number', async () => {
    expect(await answerTo((number) => ({ number, refused: { reason: 'syntax', line: 3 } }))).toEqual({ refused: { reason: 'syntax', line: 3 } });
    expect(await answerTo((number) => ({ number, refused: { reason: 'syntax', line: 'of <b>' } }))).toEqual({ refused: { reason: 'syntax', line: 0 } });
  });
});

it('a picture is an address that says all of it', () => {
  const svg = '<svg fill="#fff">100%\n\t ä 😀 %41 <a href="#x"/></svg>';
  const address = new URL(pictureAddress(svg));
  expect(address.hash).toBe('');
  expect(decodeURIComponent(address.pathname)).toBe(`image/svg+xml;charset=utf-8,${svg}`);
});
