// What is sent to the model with every message of a thread, as a form has it and as the server does.
import type { Thread, ThreadParameters } from '$lib/api/chat-types';

export const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;

export interface SettingsDraft {
  system: string;
  temperature: string; // '': as the model has it
  topP: string;
  maxTokens: string;
  effort: string;
  tools: string[];
  summariseWith: string | undefined; // as it was
}
export type Told = Pick<Thread, 'system' | 'parameters'>;

const shown = (value: number | undefined): string => (value === undefined ? '' : String(value));
// null: no number between these.
function numberIn(text: string, least: number, most: number, isWhole = false): number | undefined | null {
  if (text.trim() === '') return undefined;
  const value = Number(text.trim());
  return Number.isFinite(value) && value >= least && value <= most && (!isWhole || Number.isInteger(value)) ? value : null;
}

export const draftOf = ({ system, parameters }: Told): SettingsDraft => ({
  system,
  temperature: shown(parameters.temperature),
  topP: shown(parameters.top_p),
  maxTokens: shown(parameters.max_tokens),
  effort: parameters.reasoning_effort ?? '',
  tools: [...(parameters.tools ?? [])],
  summariseWith: parameters.summarise_with,
});

export type WrongField = 'temperature' | 'topP' | 'maxTokens';

export function read(draft: SettingsDraft): { told: Told; wrong: WrongField[] } {
  const values = { temperature: numberIn(draft.temperature, 0, 2), topP: numberIn(draft.topP, 0, 1), maxTokens: numberIn(draft.maxTokens, 1, 10_000_000, true) };
  const parameters: ThreadParameters = {};
  if (typeof values.temperature === 'number') parameters.temperature = values.temperature;
  if (typeof values.topP === 'number') parameters.top_p = values.topP;
  if (typeof values.maxTokens === 'number') parameters.max_tokens = values.maxTokens;
  const effort = EFFORTS.find((each) => each === draft.effort);
  if (effort) parameters.reasoning_effort = effort;
  if (draft.tools.length > 0) parameters.tools = [...draft.tools];
  if (draft.summariseWith !== undefined) parameters.summarise_with = draft.summariseWith;
  return { told: { system: draft.system, parameters }, wrong: (Object.keys(values) as WrongField[]).filter((name) => values[name] === null) };
}
