import { describe, expect, it } from 'vitest';
import { best, scoreOf } from './match';

const labels = ['Go to Shorts', 'The lighthouse keeper', 'Light theme', 'Dark theme', 'Élan vital'];
const found = (query: string): string[] => best(labels, query, (label) => label, 10);

describe('best', () => {
  it('puts beginnings before middles, and those before scattered letters', () => {
    expect(found('light')).toEqual(['Light theme', 'The lighthouse keeper']);
    expect(found('th')).toEqual(['The lighthouse keeper', 'Dark theme', 'Light theme']);
    expect(found('lkp')).toEqual(['The lighthouse keeper']);
  });
  it('wants every word, in any order', () => {
    expect(found('theme dark')).toEqual(['Dark theme']);
    expect(found('theme short')).toEqual([]);
  });
  it('is deaf to case and accents', () => {
    expect(found('elan')).toEqual(['Élan vital']);
    expect(found('ÉLAN')).toEqual(['Élan vital']);
  });
  it('gives everything, in order, for nothing', () => {
    expect(found(' ')).toEqual(labels);
    expect(best(labels, '', (label) => label, 2)).toHaveLength(2);
  });
  it('takes one letter for a beginning or a part, never for a chance', () => {
    expect(scoreOf('z', 'Shorts')).toBe(0);
    expect(scoreOf('s', 'Shorts')).toBeGreaterThan(0);
  });
});
