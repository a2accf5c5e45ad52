// What a chat completion's stream says, taken apart: the words of one answer, how it ended, or what went wrong.
import { SseParser } from '$lib/api/events/sse';

export interface Piece {
  text: string;
  isEnd: boolean;
  error: string;
}

const asObject = (value: unknown): Record<string, unknown> => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {});
const asText = (value: unknown): string => (typeof value === 'string' ? value : '');

// The message of OpenAI's error document; '' where it is none.
export function errorOf(body: string): string {
  try {
    return asText(asObject(asObject(JSON.parse(body))['error'])['message']);
  } catch {
    return '';
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
  if (chunk['error'] !== undefined) return { text: '', isEnd: true, error: errorOf(data) || asText(chunk['error']) || data };
  const choices = Array.isArray(chunk['choices']) ? chunk['choices'] : [];
  return { text: asText(asObject(asObject(choices[0])['delta'])['content']), isEnd: false, error: '' };
}

export class ChatStream {
  #parser = new SseParser();
  feed(bytes: Uint8Array): Piece[] {
    return this.#parser.feed(bytes).map((message) => pieceOf(message.data));
  }
}
