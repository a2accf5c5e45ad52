import { describe, expect, it } from 'vitest';
import type { Alert } from '$lib/api/alert-types';
import { figureIn, limitOf, nameOf, urgentFirst } from './tell';

describe('a figure of an alert', () => {
  it('is told in its unit, which its name ends in', () => {
    expect(figureIn('held_seconds', 0.23)).toBe('230 ms');
    expect(figureIn('age_seconds', 301)).toBe('301 s');
    expect(figureIn('limit_share', 0.1)).toBe('10 %');
    expect(figureIn('free_bytes', 3 * 2 ** 20)).toMatch(/^3(\.1)? M/);
    expect(figureIn('growth_bytes_per_hour', 3 * 2 ** 20)).toMatch(/\/h$/);
    expect(figureIn('depth', 5000)).toBe('5,000');
  });
  it('is called without it', () => {
    expect(nameOf('growth_bytes_per_hour')).toBe('growth');
    expect(nameOf('since_start')).toBe('since start');
  });
  it('stands beside its limit', () => {
    expect(limitOf({ held_seconds: 0.23, limit_seconds: 0.05 })).toBe(0.05);
    expect(limitOf({ models: 3 })).toBe(0);
  });
});

describe('alerts that fire', () => {
  it('stand by how urgent they are, and as they came', () => {
    const alerts = (['ticket', 'page', 'info', 'page'] as const).map((severity, id) => ({ id: `${id}`, severity }) as Alert);
    expect(urgentFirst(alerts).map(({ id }) => id)).toEqual(['1', '3', '0', '2']);
  });
});
