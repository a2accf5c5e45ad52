import { describe, expect, it } from 'vitest';
import { changedWords, compare, join, type Row } from './compare';

const base = 'The lamp is lit.\n\n## Part\n\nThe ships come home.\n\nAll is well.\n';
const seen = (rows: readonly Row[]): string[] => rows.map((row) => (row.isSame ? '=' : `${row.mine?.text ?? '-'} | ${row.theirs?.text ?? '-'} > ${row.suggested}`));
const suggested = (rows: readonly Row[]): string => join(rows, (row) => row.suggested);

describe('compare', () => {
  it('finds nothing where nothing differs, however it is written', () => {
    expect(seen(compare(base, 'The *lamp* is\nlit.\n\n\n## Part\nThe ships come home.\n\nAll is well.', base))).toEqual(['=', '=', '=', '=']);
  });
  it('sets the edits of one scene side by side', () => {
    const rows = compare(base.replace('ships', 'boats'), base.replace('home', 'back'), base);
    expect(seen(rows)).toEqual(['=', '=', 'The boats come home. | The ships come back. > mine', '=']);
  });
  it('suggests what only one side changed', () => {
    const rows = compare(base.replace('lit', 'out'), base.replace('well', 'over'), base);
    expect(seen(rows)).toEqual(['The lamp is out. | The lamp is lit. > mine', '=', '=', 'All is well. | All is over. > theirs']);
    expect(suggested(rows)).toBe('The lamp is out.\n\n## Part\n\nThe ships come home.\n\nAll is over.\n');
  });
  it('knows what was added and taken out on either side', () => {
    const mine = base.replace('All is well.\n', 'All is well.\n\nI added this.\n');
    const theirs = base.replace('The lamp is lit.\n\n', '').replace('All is well.', 'They wrote that.\n\nAll is well.');
    const rows = compare(mine, theirs, base);
    expect(seen(rows)).toEqual(['The lamp is lit. | - > theirs', '=', '=', '- | They wrote that. > theirs', '=', 'I added this. | - > mine']);
    expect(suggested(rows)).toBe('## Part\n\nThe ships come home.\n\nThey wrote that.\n\nAll is well.\n\nI added this.\n');
  });
  it('suggests what I took out and they left', () => {
    const rows = compare('The lamp is lit.\n\nAll is well.', 'The lamp is lit.\n\nThe ships come home.\n\nAll is well.', 'The lamp is lit.\n\nThe ships come home.\n\nAll is well.');
    expect(seen(rows)).toEqual(['=', '- | The ships come home. > mine', '=']);
    expect(suggested(rows)).toBe('The lamp is lit.\n\nAll is well.\n');
  });
  it('suggests mine of what both changed, and all of mine where the common story is not known', () => {
    expect(seen(compare('A cat sat.', 'A dog sat.', 'A cow sat.'))).toEqual(['A cat sat. | A dog sat. > mine']);
    expect(suggested(compare(base.replace('lit', 'out'), base.replace('well', 'over'), null))).toBe(base.replace('lit', 'out'));
  });
  it('does not pair scenes that have nothing in common past their likes', () => {
    expect(seen(compare('New here today.\n\nThe lamp was lit.', 'The lamp is lit now.', null))).toEqual(['New here today. | - > mine', 'The lamp was lit. | The lamp is lit now. > mine']);
    expect(seen(compare('The lamp was lit.', 'New here today.\n\nThe lamp is lit now.', null))).toEqual(['- | New here today. > mine', 'The lamp was lit. | The lamp is lit now. > mine']);
  });
  it('sees pictures', () => {
    const rows = compare(`![](asset:1)\n${base}`, `![](asset:2)\n${base}`, base);
    expect(rows[0]).toMatchObject({ isSame: false, mine: { picture: '1' }, theirs: { picture: '2' } });
    expect(join(rows, () => 'theirs')).toBe(`![](asset:2)\n${base}`);
  });
});

describe('join', () => {
  it('gives either side whole', () => {
    const [mine, theirs] = ['A.\n\nB.\n\nC.\n', '## H\n\nB.\n\nD is new.\n'];
    const rows = compare(mine, theirs, null);
    expect(join(rows, () => 'mine')).toBe(mine);
    expect(join(rows, () => 'theirs')).toBe(theirs);
  });
});

describe('changedWords', () => {
  it('finds the words that are not the same', () => {
    expect(changedWords('The ships come home late.', 'The boats came home late.')).toEqual(['The ', 'ships come ', 'home late.']);
    expect(changedWords('The ships.', 'The ships. All.')).toEqual(['The ships.', '', '']);
    expect(changedWords('The ships. All.', 'The ships.')).toEqual(['The ships. ', 'All.', '']);
    expect(changedWords('Same', 'Same')).toEqual(['Same', '', '']);
  });
});
