import { describe, expect, it } from 'vitest';
import { aspectOf, choiceOf, parseOptions } from './options';

describe('choices', () => {
  it('are named by what there is', () => {
    expect(choiceOf('word_by-word').label).toBe('Word by word');
    expect(choiceOf({ id: 'local/flite/slt', name: 'Susan', language: 'en' })).toMatchObject({ id: 'local/flite/slt', label: 'Susan', language: 'en' });
    expect(choiceOf({ id: 'ink', name: 'Ink', help: 'Pigment in water' }).detail).toBe('Pigment in water');
  });
  it('survive an answer without them', () => {
    expect(parseOptions(null).voices).toEqual([]);
    expect(parseOptions({ limits: { story_bytes: 5, odd: 'x' }, frame_rates: [24, '30', 'x'] })).toMatchObject({ limits: { story_bytes: 5 }, frameRates: [24, 30] });
  });
  it('give a size its shape', () => {
    expect(aspectOf('1920x1080')).toEqual({ width: 1920, height: 1080 });
    expect(aspectOf('odd')).toEqual({ width: 1080, height: 1920 });
  });
});
