import { describe, expect, it } from 'vitest';
import { rateWords } from './rates';

describe('what a model charges', () => {
  it('is told by the piece before it is by the token', () => {
    expect(rateWords([{ of: 'input_tokens', count: 1_000_000, price: '3.00' }, { of: 'output_tokens', count: 1_000_000, price: '15.00' }])).toBe('$3.00 / $15.00 a million tokens');
    expect(rateWords([{ of: 'input_tokens', count: 1_000_000, price: '5.00' }, { of: 'images', count: 1, price: '0.040' }])).toBe('$0.04 a picture · $5.00 a million tokens in');
    expect(rateWords([{ of: 'characters', count: 1000, price: '0.05' }])).toBe('$0.05 a thousand characters');
  });
  it('is nothing where it is nothing, and unknown where nobody knows', () => {
    expect([rateWords([]), rateWords(null)]).toEqual(['free', 'price unknown']);
  });
});
