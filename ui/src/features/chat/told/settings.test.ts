import { describe, expect, it } from 'vitest';
import { draftOf, read } from './settings';

describe('settings of a thread', () => {
  it('come back as they were', () => {
    const told = { system: 'Be brief.', parameters: { temperature: 0.5, top_p: 1, max_tokens: 100, reasoning_effort: 'low' as const, tools: ['current_time'], summarise_with: '' } };
    expect(read(draftOf(told))).toEqual({ told, wrong: [] });
    expect(read(draftOf({ system: '', parameters: {} }))).toEqual({ told: { system: '', parameters: {} }, wrong: [] });
  });
  it('name what is no number in its bounds', () => {
    const draft = { system: '', temperature: '2.1', topP: 'x', maxTokens: '1.5', effort: 'extreme', tools: [], summariseWith: undefined };
    expect(read(draft)).toEqual({ told: { system: '', parameters: {} }, wrong: ['temperature', 'topP', 'maxTokens'] });
    expect(read({ ...draft, temperature: ' 0 ', topP: '', maxTokens: '7' })).toEqual({ told: { system: '', parameters: { temperature: 0, max_tokens: 7 } }, wrong: [] });
  });
});
