import { describe, expect, it } from 'vitest';
import { formatMoney, formatMoneyShort, parseMoney, readMoney, shareOf, sumMoney } from './money';

describe('money', () => {
  it('keeps every digit that doubles would lose', () => {
    expect(formatMoney('0.1')).toBe('$0.10');
    expect(formatMoney('0.000000000001')).toBe('$0.000000000001');
    expect(formatMoney('9007199254740993.123456789012')).toBe('$9,007,199,254,740,993.123456789012');
    expect(formatMoney('-1234.50')).toBe('-$1,234.50');
    expect(formatMoney(sumMoney(['0.1', '0.2']))).toBe('$0.30');
    expect(formatMoney(sumMoney(Array.from({ length: 1000 }, () => '0.000000000001')))).toBe('$0.000000001');
  });
  it('shows what is no amount as it is', () => {
    for (const odd of ['', '1e-7', '.5', '1.', 'NaN', '1.0000000000001', '1,5']) {
      expect(parseMoney(odd)).toBeNull();
      expect(formatMoney(odd)).toBe(odd);
    }
  });
  it('is short in tables', () => {
    expect(formatMoneyShort('0')).toBe('$0.00');
    expect(formatMoneyShort('0.000123456789')).toBe('$0.000123');
    expect(formatMoneyShort('0.0001235')).toBe('$0.000124');
    expect(formatMoneyShort('0.9996')).toBe('$1.00');
    expect(formatMoneyShort('1.005')).toBe('$1.01');
    expect(formatMoneyShort('1234.994999999999')).toBe('$1,234.99');
    expect(formatMoneyShort('-0.0005')).toBe('-$0.0005');
  });
  it('measures bars', () => {
    expect(shareOf(parseMoney('0.5')!, parseMoney('2')!)).toBe(0.25);
    expect(shareOf(1n, 0n)).toBe(0);
  });
  it('reads what people type', () => {
    expect(readMoney(' $12.50 ')).toBe('12.50');
    expect(readMoney('1,234.5')).toBe('1234.5');
    expect(readMoney('')).toBe('');
    for (const odd of ['12,50', '-1', 'five', '1e3', '0.0000000000001']) expect(readMoney(odd)).toBeNull();
  });
});
