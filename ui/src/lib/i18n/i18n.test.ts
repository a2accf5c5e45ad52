import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import en from './en.json';
import { formatAgo, formatBytes, formatClock, formatLeft, formatSeconds, formatTimecode } from './format';
import { makeTranslate, t, tState } from './messages';

describe('messages', () => {
  it('fill in values and choose the plural', () => {
    expect(t('shorts.scenes', { count: 1 })).toBe('1 scene');
    expect(t('shorts.scenes', { count: 2000 })).toBe('2,000 scenes');
    expect(t('shorts.delete', { title: '{count} $&' })).toBe('Delete “{count} $&”');
    expect(tState('state', 'stale')).toBe('Needs rendering');
    expect(tState('state', 'unheard')).toBe('unheard');
  });
  it('choose the plural by the language', () => {
    const polish = makeTranslate({ scenes: { one: '{count} scena', few: '{count} sceny', other: '{count} scen' } }, 'pl');
    expect([1, 3, 5].map((count) => polish('scenes', { count }))).toEqual(['1 scena', '3 sceny', '5 scen']);
  });
  const src = new URL('../../', import.meta.url).pathname;
  const read = (folder: string): string =>
    readdirSync(folder).map((name) => join(folder, name)).map((path) => (statSync(path).isDirectory() ? read(path) : /\.(ts|svelte)$/.test(path) && !path.endsWith('.test.ts') ? readFileSync(path, 'utf8') : '')).join('\n');
  const made = /^(state|step|export\.file|settings\.connection|short\.tab|palette\.kind|conflict|library\.sort|library\.one)\.|^library\.(image|video|audio|document)$/; // put together from a name
  it('are all used', () => {
    const text = read(src);
    expect(Object.keys(en).filter((key) => !made.test(key) && !text.includes(`'${key}'`))).toEqual([]);
  });
  it('of Markdown are all used by it', () => {
    const words = JSON.parse(readFileSync(join(src, 'lib/md/en.json'), 'utf8')) as Record<string, unknown>;
    const text = read(join(src, 'lib/md'));
    expect(Object.keys(words).filter((key) => !text.includes(`'${key}'`))).toEqual([]);
  });
  it('of a feature are all used by it or its page', () => {
    const features = readdirSync(join(src, 'features')).filter((name) => existsSync(join(src, 'features', name, 'en.json')));
    expect(features).toContain('models');
    for (const name of features) {
      const words = JSON.parse(readFileSync(join(src, 'features', name, 'en.json'), 'utf8')) as Record<string, unknown>;
      const text = read(join(src, 'features', name)) + read(join(src, 'routes'));
      expect(Object.keys(words).filter((key) => !made.test(key) && !text.includes(`'${key}'`)), name).toEqual([]);
    }
  });
});

describe('format', () => {
  it('writes times and sizes for people', () => {
    expect(formatClock(3_723_000)).toBe('1:02:03');
    expect(formatTimecode(7_500, 30)).toBe('0:07.15');
    expect(formatSeconds(4_240)).toBe('4.2 s');
    expect(formatSeconds(84_000)).toBe('1:24');
    expect(formatBytes(0)).toBe('0 bytes');
    expect(formatBytes(0.4)).toBe('0 bytes');
    expect(formatBytes(5_234_567)).toBe('5.2 MB');
    expect(formatLeft(23_000)).toBe('25 s left');
    expect(formatLeft(150_000)).toBe('3 min left');
  });
  it('says how long ago', () => {
    const now = Date.parse('2026-01-01T12:00:00Z');
    expect(formatAgo('2026-01-01T11:59:50Z', now)).toBe('just now');
    expect(formatAgo('2026-01-01T11:55:00Z', now)).toBe('5 min. ago');
    expect(formatAgo('2025-12-31T12:00:00Z', now)).toBe('yesterday');
  });
});
