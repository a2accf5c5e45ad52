import { describe, expect, it } from 'vitest';
import type { StudioEvent } from '../types';
import { Hub } from './hub';
import type { FromPort } from './port';

function makeHub() {
  const frames: (() => void)[] = [];
  let say: (message: FromPort) => void = () => {};
  const hub = new Hub({
    open: (onMessage) => {
      say = onMessage;
      return { wake: () => {}, close: () => {} };
    },
    frame: (call) => void frames.push(call),
  });
  hub.open();
  const progress = (done: number) => ({ type: 'step.progress', id: '', data: { run: 'r', node: 'n', done, total: 100 } });
  return { hub, frames, progress, events: (...events: { type: string; id: string; data: unknown }[]) => say({ kind: 'events', events }), say };
}

describe('Hub', () => {
  it('tells once per frame however many events came', () => {
    const { hub, frames, progress, events } = makeHub();
    const told: StudioEvent[][] = [];
    hub.listen((batch) => told.push(batch));
    for (let done = 0; done < 1000; done += 1) events(progress(done));
    expect(frames).toHaveLength(1);
    expect(told).toHaveLength(0);
    frames[0]!();
    expect(told).toHaveLength(1);
    expect(told[0]).toHaveLength(1000);
    events(progress(1));
    expect(frames).toHaveLength(2);
  });

  it('says when what was read must be read again, and drops what waited', () => {
    const { hub, frames, progress, events } = makeHub();
    let fresh = 0;
    const told: StudioEvent[][] = [];
    hub.onFresh(() => (fresh += 1));
    hub.listen((batch) => told.push(batch));
    events({ type: 'hello', id: '1-0', data: {} }, progress(1));
    events({ type: 'reset', id: '2-0', data: {} });
    frames.forEach((call) => call());
    expect(fresh).toBe(2);
    expect(told).toHaveLength(0);
  });

  it('passes over types it does not know', () => {
    const { hub, frames, events } = makeHub();
    hub.listen(() => expect.unreachable());
    events({ type: 'weather.changed', id: '1-1', data: {} });
    expect(frames).toHaveLength(0);
  });

  it('stops telling who left', () => {
    const { hub, frames, progress, events } = makeHub();
    const leave = hub.listen(() => expect.unreachable());
    leave();
    events(progress(1));
    frames[0]!();
  });

  it('passes on the state of the connection', () => {
    const { hub, say } = makeHub();
    const words: string[] = [];
    hub.onStatus((status) => words.push(status.word));
    say({ kind: 'status', status: { word: 'live' } });
    expect(words).toEqual(['live']);
  });
});
