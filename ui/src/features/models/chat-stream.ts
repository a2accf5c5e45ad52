// What a chat completion's stream says, taken apart: the words of one answer, how it ended, or what went wrong.
import { SseParser } from '$lib/api/events/sse';

export interface Piece {
  text: string;
  isEnd: boolean;
  error: string;
}

const asObject = (value: unknown): Record<string, unknown> => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {});
const asText = (value: unknown): string => (typeof value === 'string' ? value : '');

// What OpenAI's error document says; '' where it is none.
export function errorOf(body: string): { message: string; code: string } {
  try {
    const error = asObject(asObject(JSON.parse(body))['error']);
    return { message: asText(error['message']), code: asText(error['code']) };
  } catch {
    return { message: '', code: '' };
  }
}

function pieceOf(data: string): Piece {
  if (data === '[DONE]') return { text: '', isEnd: true, error: '' };
  let chunk: Record<string, unknown>;
  try {
    chunk = asObject(JSON.parse(data));
  } catch {
    return { text: '', isEnd: false, error: '' };
  }
  if (chunk['error'] !== undefined) return { text: '', isEnd: true, error: errorOf(data).message || asText(chunk['error']) || data };
  const choices = Array.isArray(chunk['choices']) ? chunk['choices'] : [];
  return { text: asText(asObject(asObject(choices[0])['delta'])['content']), isEnd: false, error: '' };
}

export class ChatStream {
  #parser = new SseParser();
  feed(bytes: Uint8Array): Piece[] {
    return this.#parser.feed(bytes).map((message) => pieceOf(message.data));
  }
}
