import { describe, expect, it } from 'vitest';
import { Visits } from './visits';

describe('visits', () => {
  const visits = new Visits('/performance');
  visits.moved('/help/operations', 4000);
  visits.moved('/c', 9000);
  it('know which page stood at a moment', () => {
    expect(visits.at(300)).toBe('/performance');
    expect(visits.at(4000)).toBe('/help/operations');
    expect(visits.at(8999)).toBe('/help/operations');
    expect(visits.at(20_000)).toBe('/c');
  });
  it('take the page of now for a moment that nobody knows', () => expect(visits.at(undefined)).toBe('/c'));
  it('are bounded, and go on knowing the newest', () => {
    const many = new Visits('/');
    for (let i = 1; i <= 1000; ++i) many.moved(`/c/${i}`, i);
    expect(many.at(1000)).toBe('/c/1000');
    expect(many.at(10)).toBe('/c/951');
  });
});
