import { describe, expect, it } from 'vitest';
import { grouped } from './groups';

const choice = (id: string, group?: string) => ({ id, label: id, ...(group === undefined ? {} : { group }) });

describe('choices under headings', () => {
  it('stand in the order in which each heading comes first, and those without one before them', () => {
    const groups = grouped([choice('a', 'lab'), choice('b', 'here'), choice('c'), choice('d', 'lab')]);
    expect(groups.map(({ label, choices }) => [label, choices.map(({ id }) => id)])).toEqual([['', ['c']], ['lab', ['a', 'd']], ['here', ['b']]]);
  });
  it('have no heading where there is none', () => {
    expect(grouped([choice('a')])).toEqual([{ label: '', choices: [choice('a')] }]);
    expect(grouped([])).toEqual([]);
  });
});
