import { describe, expect, it } from 'vitest';
import { lonely, summaryOf, timesOf } from './series';
import { formatFigure, formatLogTime, formatSpan, formatStep, formatTick } from './units';

describe('figures in words', () => {
  it('have the unit that fits and three digits that count', () => {
    expect([0, 0.0000421, 0.0012345, 0.9996, 4.239, 61, 250].map((value) => formatFigure(value, 'seconds'))).toEqual(['0 s', '42.1 µs', '1.23 ms', '1 s', '4.24 s', '61 s', '4.17 min']);
    expect([0, 0.4, 999, 5_234_567].map((value) => formatFigure(value, 'bytes'))).toEqual(['0 bytes', '0 bytes', '999 bytes', '5.2 MB']);
    expect(formatFigure(5_234_567, 'bytesPerSecond')).toBe('5.2 MB/s');
    expect([0.01666, 12.34, 12345.6].map((value) => formatFigure(value, 'perSecond'))).toEqual(['0.0167/s', '12.3/s', '12,346/s']);
    expect(formatFigure(3, 'count')).toBe('3');
    expect([0.0123, 1.5].map((value) => formatFigure(value, 'cores'))).toEqual(['1.2%', '150%']);
  });
  it('tell how far points are apart', () => expect([1_000, 10_000, 300_000, 7_200_000].map(formatStep)).toEqual(['1 s', '10 s', '5 min', '2 h']));
  it('say the time at a tick, and the day where one begins', () => {
    const noon = new Date(2027, 0, 31, 12, 30, 15).getTime();
    expect([formatTick(noon, 5_000), formatTick(noon, 60_000), formatTick(noon, 86_400_000)]).toEqual(['12:30:15', '12:30', 'Jan 31']);
    expect(formatTick(new Date(2027, 0, 31).getTime(), 3_600_000)).toBe('Jan 31');
  });
});

it('a line of the log is told where the person is, as all other times are', () => {
  const zone = process.env.TZ;
  process.env.TZ = 'Asia/Kolkata';
  expect(formatLogTime('2027-01-31T09:05:07.045Z')).toBe('14:35:07.045');
  process.env.TZ = zone;
});

describe('a stretch', () => {
  const at = (day: number, hour: number, minute: number): number => new Date(2027, 0, day, hour, minute, 5).getTime();
  it('has seconds where they matter, and its day once', () => expect(formatSpan(at(30, 9, 0), at(30, 9, 40))).toEqual({ from: 'Jan 30, 09:00:05', to: '09:40:05' }));
  it('has both days where it has two', () => expect(formatSpan(at(29, 9, 0), at(30, 10, 0))).toEqual({ from: 'Jan 29, 09:00', to: 'Jan 30, 10:00' }));
});

describe('a line', () => {
  it('is summed up without what is missing', () => {
    expect(summaryOf([null, 1, null, 3, null])).toEqual({ last: 3, mean: 2, max: 3 });
    expect(summaryOf([null])).toEqual({ last: null, mean: null, max: null });
    expect(summaryOf([-2, -1, 0])).toEqual({ last: 0, mean: -1, max: 0 });
  });
  it('has dots where no line goes through', () => expect(lonely([1, null, 2, 3, null, 4])).toEqual([0, 5]));
  it('has its times in seconds', () => expect(timesOf(60_000, 10_000, 3)).toEqual([60, 70, 80]));
});
