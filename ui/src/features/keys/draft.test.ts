import { describe, expect, it } from 'vitest';
import type { AccessKey } from '$lib/api/gateway-types';
import { draftOf, settingsOf } from './draft';

const stored: AccessKey = {
  id: 'k', name: 'ci', role: 'member', created_at: '2026-01-01T00:00:00Z', last_used_at: null, is_revoked: false, revision: 2, models: ['gpt-5*', 'anthropic/*'], routes: [],
  expires_at: '2027-01-31T10:20:30Z', requests_per_minute: 60, tokens_per_minute: 0, concurrent_max: 4, day_allowance: '0.000000000001', month_allowance: null,
};

describe('a key’s form', () => {
  it('sends back what was stored, to the second and the picodollar', () => {
    const { name, models, routes, expires_at, requests_per_minute, tokens_per_minute, concurrent_max, day_allowance, month_allowance } = stored;
    expect(settingsOf(draftOf(stored), stored)).toEqual({ wrong: {}, settings: { name, models, routes, expires_at, requests_per_minute, tokens_per_minute, concurrent_max, day_allowance, month_allowance } });
  });
  it('has no limit where nothing is typed', () => {
    const { settings, wrong } = settingsOf({ ...draftOf(null), name: 'x' }, null);
    expect(wrong).toEqual({});
    expect(settings).toMatchObject({ models: [], requests_per_minute: 0, day_allowance: null, expires_at: null });
  });
  it('names what cannot be sent', () => {
    const { wrong } = settingsOf({ ...draftOf(null), requests: '1.5', tokens: '-1', parallel: 'many', day: '12,50', month: '1e3', expires: 'soon' }, null);
    expect(Object.keys(wrong).sort()).toEqual(['day', 'expires', 'month', 'name', 'parallel', 'requests', 'tokens']);
  });
  it('reads what is typed', () => {
    const { settings } = settingsOf({ ...draftOf(null), name: ' ci ', models: 'gpt-5*,\n anthropic/* ,', day: '$1,000', expires: '2027-01-31T00:00' }, null);
    expect(settings).toMatchObject({ name: 'ci', models: ['gpt-5*', 'anthropic/*'], day_allowance: '1000' });
    expect(new Date(settings.expires_at!).getTime()).toBe(new Date('2027-01-31T00:00').getTime());
  });
});
