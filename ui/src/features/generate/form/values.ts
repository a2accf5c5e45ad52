// What is in a form, what of it a model is asked, and back: no part of the page, so that it can be tested alone.
import type { Ability, Generation, GenerationInput, InputRole, MediaKind, NewGeneration } from '$lib/api/generation-types';

export interface Input extends GenerationInput {
  name: string;
}
export interface Values {
  model: string;
  prompt: string;
  negative: string;
  shape: string; // '' the model's own; 'own': width and height; else a ratio or a size
  width: string;
  height: string;
  count: string;
  seed: string;
  isSeedLocked: boolean;
  isWatched: boolean; // seen before it is done, where the model shows it
  strength: string;
  duration: string;
  voice: string;
  speed: string;
  format: string;
  quality: string;
  language: string;
  options: string; // JSON
  inputs: readonly Input[];
}
export type Field = keyof Values;
// Why each field cannot be sent.
export type Wrongs = Partial<Record<Field, string>>;

export const empty = (): Values => ({
  model: '', prompt: '', negative: '', shape: '', width: '', height: '', count: '1', seed: '', isSeedLocked: false, isWatched: true, strength: '', duration: '', voice: '', speed: '', format: '', quality: '', language: '',
  options: '', inputs: [],
});

export const SEED_MAX = 2 ** 32 - 1;
export const rollSeed = (): string => String(crypto.getRandomValues(new Uint32Array(1))[0]);

// Which inputs a model takes; of a transcription that is what is heard.
export function takes(kind: MediaKind, ability: Ability, role: InputRole): boolean {
  switch (role) {
    case 'recording': return kind === 'transcription';
    case 'reference': return (ability.references?.max ?? 0) > 0;
    case 'mask': return ability.mask === true;
    case 'first_frame': return ability.first_frame === true;
    case 'last_frame': return ability.last_frame === true;
  }
}
const SINGLE: ReadonlySet<InputRole> = new Set(['mask', 'first_frame', 'last_frame', 'recording']);
export const roomFor = (ability: Ability, role: InputRole): number => (SINGLE.has(role) ? 1 : (ability.references?.max ?? 0));

// Something added where there is room; what stands alone takes the place of what was there.
export function withInput(inputs: readonly Input[], added: Input, most: number): readonly Input[] {
  const same = inputs.filter((input) => input.role === added.role && input.asset !== added.asset);
  const others = inputs.filter((input) => input.role !== added.role);
  // A mask belongs to the picture that was there.
  const kept = added.role === 'reference' && most === 1 ? others.filter((input) => input.role !== 'mask') : others;
  return [...kept, ...same.slice(Math.max(0, same.length - (most - 1))), added];
}

const sizeOf = (shape: string): [number, number] | null => {
  const match = /^(\d+)x(\d+)$/.exec(shape);
  return match ? [Number(match[1]), Number(match[2])] : null;
};
export const shapesOf = (ability: Ability): readonly string[] => [...(ability.ratios ?? []), ...(ability.sizes ?? []), ...(ability.sides ? ['own'] : [])];

// What a person typed for a number; null: nothing; NaN: no number.
const numberOf = (text: string): number | null => (text.trim() === '' ? null : Number(text));

export interface Complaints {
  number: string;
  json: string;
  size: string;
}

// What is sent: only what the model takes and what was filled in.
export function bodyOf(kind: MediaKind, values: Values, ability: Ability, words: Complaints): { body: NewGeneration; wrongs: Wrongs } {
  const body: NewGeneration = { kind, model: values.model };
  const wrongs: Wrongs = {};
  const putNumber = (name: 'count' | 'seed' | 'strength' | 'duration' | 'speed' | 'width' | 'height'): void => {
    const number = numberOf(values[name]);
    if (number === null) return;
    if (Number.isNaN(number)) wrongs[name] = words.number;
    else body[name] = number;
  };
  if (values.prompt.trim() !== '' && ability.prompt_bytes_max > 0) body.prompt = values.prompt;
  if (ability.negative && values.negative.trim() !== '') body.negative = values.negative;
  if (shapesOf(ability).includes(values.shape) || (ability.any_ratio && values.shape.includes(':'))) {
    const size = sizeOf(values.shape);
    if (size) [body.width, body.height] = size;
    else if (values.shape !== 'own') body.ratio = values.shape;
    else {
      putNumber('width');
      putNumber('height');
      if (values.width.trim() === '') wrongs.width = words.size;
      if (values.height.trim() === '') wrongs.height = words.size;
    }
  }
  if (ability.count_max > 1) putNumber('count');
  if (ability.seed && values.isSeedLocked) putNumber('seed');
  if (ability.partials_max && !values.isWatched) body.partials = 0;
  if (ability.strength && values.inputs.length > 0) putNumber('strength');
  if (ability.durations || ability.duration) putNumber('duration');
  if (ability.speed) putNumber('speed');
  for (const name of ['voice', 'language'] as const) if (ability[name] && values[name].trim() !== '') body[name] = values[name].trim();
  if (ability.formats?.includes(values.format)) body.format = values.format;
  if (ability.qualities?.includes(values.quality)) body.quality = values.quality;
  const inputs = values.inputs.filter(({ role }) => takes(kind, ability, role));
  if (inputs.length > 0) body.inputs = inputs.map(({ role, asset }) => ({ role, asset }));
  if (ability.options && values.options.trim() !== '') {
    const options = objectOf(values.options);
    if (options) body.options = options;
    else wrongs.options = words.json;
  }
  return { body, wrongs };
}

function objectOf(text: string): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return parsed !== null && typeof parsed === 'object' && !Array.isArray(parsed) ? (parsed as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

// The form as it was when this was made, with the seed that was used.
export function valuesOf(made: Generation): Values {
  const { request } = made;
  const text = (value: string | number | undefined): string => (value === undefined ? '' : String(value));
  const seed = made.seed ?? request.seed;
  const hasSize = request.width !== undefined;
  return {
    ...empty(),
    model: made.model,
    prompt: text(request.prompt),
    negative: text(request.negative),
    shape: hasSize ? `${request.width}x${request.height}` : text(request.ratio),
    width: text(request.width),
    height: text(request.height),
    count: text(request.count ?? 1),
    seed: text(seed),
    isSeedLocked: seed !== undefined,
    isWatched: request.partials !== 0,
    strength: text(request.strength),
    duration: text(request.duration),
    voice: text(request.voice),
    speed: text(request.speed),
    format: text(request.format),
    quality: text(request.quality),
    language: text(request.language),
    options: request.options ? JSON.stringify(request.options, null, 2) : '',
    inputs: made.inputs.map((asset, at) => ({ role: request.inputs?.[at]?.role ?? 'reference', asset, name: '' })),
  };
}

// A size that the model has no name for is one of the person's own.
export const fitShape = (values: Values, ability: Ability): Values =>
  values.shape !== '' && ability.sides && sizeOf(values.shape) && !ability.sizes?.includes(values.shape) ? { ...values, shape: 'own' } : values;

// "/inputs/0/asset" belongs to "inputs", "/ratio" to the shape; null: no field of the form.
export function fieldOf(where: string): Field | null {
  const name = where.split('/')[1] ?? '';
  if (name === 'ratio') return 'shape';
  return Object.hasOwn(empty(), name) ? (name as Field) : null;
}

// Whether it has all that its model cannot do without.
export function isReady(kind: MediaKind, body: NewGeneration, ability: Ability): boolean {
  const has = (role: InputRole): number => (body.inputs ?? []).filter((input) => input.role === role).length;
  if (ability.needs_prompt && !body.prompt) return false;
  if (kind === 'transcription' && has('recording') === 0) return false;
  return has('reference') >= (ability.references?.min ?? 0) && !(ability.needs_first_frame && has('first_frame') === 0);
}

// What was kept from before, of whatever version of the page.
export function readValues(text: string | undefined): Values {
  const values = empty();
  let kept: unknown;
  try {
    kept = JSON.parse(text ?? '');
  } catch {
    return values;
  }
  if (kept === null || typeof kept !== 'object') return values;
  const told = kept as Record<string, unknown>;
  const into = values as unknown as Record<string, unknown>;
  for (const name of Object.keys(values)) if (name !== 'inputs' && typeof told[name] === typeof into[name]) into[name] = told[name];
  const isInput = (one: unknown): one is Input => one !== null && typeof one === 'object' && ['role', 'asset', 'name'].every((name) => typeof (one as Record<string, unknown>)[name] === 'string');
  return { ...values, inputs: Array.isArray(told['inputs']) ? told['inputs'].filter(isInput) : [] };
}
