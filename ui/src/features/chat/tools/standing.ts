// How a call of a tool stands.
import type { MessageState, Part } from '$lib/api/chat-types';

export type Call = Extract<Part, { type: 'tool_call' }>;
export type CallResult = Extract<Part, { type: 'tool_result' }>;
export type Standing = 'asks' | 'running' | 'preparing' | 'allowed' | 'denied' | 'failed' | 'notRun' | 'done';

export function standingOf(call: Call, result: CallResult | null, message: MessageState): Standing {
  if (call.approval === 'denied') return 'denied';
  if (result) return result.is_error ? 'failed' : 'done';
  if (message === 'waiting') return call.approval === 'waiting' ? 'asks' : 'allowed';
  if (message !== 'answering') return 'notRun';
  return call.approval === 'allowed' ? 'running' : 'preparing';
}

// JSON with a line for each field, where it is JSON.
export function laidOut(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
