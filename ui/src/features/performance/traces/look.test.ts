import { describe, expect, it } from 'vitest';
import { faultWord, toldOf, toneOf, type Tone } from './look';

describe('a span', () => {
  it('is shown as what it is', () => {
    const tones: [string, 'internal' | 'server' | 'client', Tone][] = [
      ['POST /api/runs', 'server', 'request'],
      ['run production.render', 'internal', 'work'],
      ['worker: segment', 'internal', 'work'],
      ['worker task', 'internal', 'work'],
      ['runs', 'internal', 'inside'],
      ['attempt', 'client', 'provider'],
      ['wait for the provider', 'client', 'wait'],
      ['commit', 'internal', 'inside'],
    ];
    for (const [name, kind, tone] of tones) expect(toneOf({ name, kind }), name).toBe(tone);
  });
  it('is told in words, with why it failed', () => {
    const span = { span: '1', parent: '', name: 'step story.film', kind: 'internal', began_us: 0, took_us: 1_500, fault: '', facts: { 'atelier.node': 'film' } } as const;
    expect(toldOf(span)).toBe('step story.film film, took 1.5 ms, began after 0 s');
    expect(toldOf({ ...span, fault: 'deadline_exceeded' })).toMatch(/failed: deadline exceeded$/);
    expect(faultWord('503')).toBe('status 503');
  });
});
