// What can be chosen, in one shape for the page whatever an entry looks like on the wire: an id alone or an object.

export interface Choice {
  id: string;
  label: string;
  detail: string;
  language: string;
  [more: string]: unknown;
}

export interface Options {
  voices: Choice[];
  captionStyles: Choice[];
  backgrounds: Choice[];
  sizes: Choice[];
  frameRates: number[];
  languages: Choice[];
  limits: Record<string, number>;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const titled = (id: string): string => {
  const words = (id.split('/').pop() ?? id).replace(/[_-]+/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
};

export function choiceOf(raw: unknown): Choice {
  if (typeof raw !== 'object' || raw === null) {
    const id = String(raw);
    return { id, label: titled(id), detail: '', language: '' };
  }
  const fields = raw as Record<string, unknown>;
  const id = text(fields['id']) || text(fields['kind']) || text(fields['name']) || text(fields['code']);
  return {
    ...fields,
    id,
    label: text(fields['label']) || text(fields['title']) || (fields['name'] !== id ? text(fields['name']) : '') || titled(id),
    detail: text(fields['help']) || text(fields['detail']) || text(fields['description']),
    language: text(fields['language']),
  };
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

export function parseOptions(raw: unknown): Options {
  const fields = (typeof raw === 'object' && raw !== null ? raw : {}) as Record<string, unknown>;
  const limits: Record<string, number> = {};
  for (const [name, value] of Object.entries((fields['limits'] ?? {}) as Record<string, unknown>)) if (typeof value === 'number') limits[name] = value;
  return {
    voices: list(fields['voices']).map(choiceOf),
    captionStyles: list(fields['caption_styles']).map(choiceOf),
    backgrounds: list(fields['backgrounds']).map(choiceOf).filter((choice) => choice.id !== 'asset'),
    sizes: list(fields['sizes']).map((raw) => (typeof raw === 'string' ? { ...choiceOf(raw), label: raw.replace('x', ' × ') } : choiceOf(raw))),
    frameRates: list(fields['frame_rates']).map(Number).filter(Number.isFinite),
    languages: list(fields['languages']).map(choiceOf),
    limits,
  };
}

export function aspectOf(size: string): { width: number; height: number } {
  const match = /^(\d+)x(\d+)$/.exec(size);
  return match ? { width: Number(match[1]), height: Number(match[2]) } : { width: 1080, height: 1920 };
}
