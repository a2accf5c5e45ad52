import { describe, expect, it } from 'vitest';
import { filled, found, readFile, variablesOf, type Prompt } from './prompts';

const prompt = (name: string, text: string, tags: string[] = []): Prompt => ({ id: name, name, text, folder: '', tags, revision: 1, created_at: '', changed_at: '' });

describe('prompts', () => {
  it('ask for what stands in double braces, each once', () => {
    const text = 'Translate to {{ language }}: {{text}} ({{language}}) {{}} {x} {{a\nb}}';
    expect(variablesOf(text)).toEqual(['language', 'text']);
    expect(filled(text, { language: 'German', text: '{{language}} $& $1' })).toBe('Translate to German: {{language}} $& $1 (German) {{}} {x} {{a\nb}}');
    expect(filled('a {{constructor}}', {})).toBe('a ');
  });
  it('are found by all they say', () => {
    const all = [prompt('Alpha', 'one'), prompt('beta', 'Two', ['Letters'])];
    expect(found(all, ' two ').map(({ name }) => name)).toEqual(['beta']);
    expect(found(all, 'LETT').map(({ name }) => name)).toEqual(['beta']);
    expect(found(all, '')).toHaveLength(2);
  });
  it('are read from a file that holds some', () => {
    expect(readFile('{"prompts":[{"name":"a","text":"b","more":1}]}')).toEqual([{ name: 'a', text: 'b', folder: '', tags: [] }]);
    expect(readFile('[{"name":"a","text":"b","folder":"f","tags":["t"]}]')).toEqual([{ name: 'a', text: 'b', folder: 'f', tags: ['t'] }]);
    for (const text of ['', '{}', '[1]', 'null', '{"prompts":{}}']) expect(readFile(text)).toBeNull();
  });
});
