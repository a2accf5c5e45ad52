import { describe, expect, it } from 'vitest';
import type { Run, Step } from '../api/types';
import { blockAt, layOut, totalMs } from './layout';
import { fractionOf, Pace } from './progress';
import { charactersPerSecond, parseVtt } from './vtt';

describe('layout', () => {
  it('puts scenes one after another', () => {
    const blocks = layOut([{ id: 'a', durationMs: 1000 }, { id: 'b', durationMs: 500 }]);
    expect(blocks.map((block) => block.startMs)).toEqual([0, 1000]);
    expect(totalMs(blocks)).toBe(1500);
    expect([0, 999, 1000, 9999].map((ms) => blockAt(blocks, ms))).toEqual([0, 0, 1, 1]);
    expect(totalMs([])).toBe(0);
  });
});

describe('parseVtt', () => {
  it('reads cues with names, settings, marks and entities', () => {
    const cues = parseVtt('WEBVTT\r\n\r\nNOTE x\r\n\r\n1\r\n00:00.500 --> 00:01.500 line:50%\r\n<b>Fish</b> &amp; chips\r\nagain\r\n\r\n01:00:00.000 --> 01:00:02.000\r\nLate\r\n');
    expect(cues).toEqual([
      { startMs: 500, endMs: 1500, text: 'Fish & chips again' },
      { startMs: 3_600_000, endMs: 3_602_000, text: 'Late' },
    ]);
    expect(charactersPerSecond(cues[1]!)).toBe(2);
    expect(parseVtt('nothing')).toEqual([]);
  });
});

const step = (type: string, state: Step['state'], done = 0, total = 0): Step => ({ node: type + state + done, type, label: '', state, attempts: 1, is_cached: false, progress: { done, total }, started_at: null, ended_at: null, error: null });
const run = (steps: Step[]): Run => ({ id: 'r', kind: '', subject: '', title: '', state: 'running', priority: 0, created_at: '', ended_at: null, step_count: steps.length, done_count: 0, cached_count: 0, error: null, steps });

describe('progress', () => {
  it('weighs pictures more than words', () => {
    expect(fractionOf(run([step('story.speech', 'succeeded'), step('story.segment', 'running', 0, 60)]))).toBeCloseTo(1 / 11);
    expect(fractionOf(run([step('story.segment', 'running', 30, 60)]))).toBeCloseTo(0.5);
    expect(fractionOf({ ...run([]), step_count: 4, done_count: 1 })).toBe(0.25);
  });
  it('tells frames per second and the time left', () => {
    const pace = new Pace();
    for (let at = 0; at <= 3000; at += 250) pace.add(run([step('story.segment', 'running', at / 50, 300)]), at);
    expect(pace.framesPerSecond).toBeCloseTo(20, 0);
    expect(pace.leftMs).toBeGreaterThan(11_000);
    expect(pace.leftMs).toBeLessThan(13_000);
  });
  it('says nothing before there is something to say', () => {
    const pace = new Pace();
    pace.add(run([step('story.segment', 'running', 0, 300)]), 0);
    expect(pace.framesPerSecond).toBeNull();
    expect(pace.leftMs).toBeNull();
  });
});
