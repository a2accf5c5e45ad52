import { describe, expect, it } from 'vitest';
import { ChatStream, errorOf } from './chat-stream';

const chunk = (content: string): string => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`;
const text = `data: {"choices":[{"delta":{"role":"assistant"}}]}\n\n${chunk('Ã©t')}${chunk(' été 🌊')}data: {"choices":[],"usage":{"total_tokens":3}}\n\ndata: [DONE]\n\n`;

describe('a chat stream', () => {
  it('says the same wherever it is cut', () => {
    const bytes = new TextEncoder().encode(text);
    for (const size of [1, 2, 3, 7, 64, bytes.length]) {
      const stream = new ChatStream();
      const pieces = [];
      for (let at = 0; at < bytes.length; at += size) pieces.push(...stream.feed(bytes.subarray(at, at + size)));
      expect(pieces.map((piece) => piece.text).join('')).toBe('Ã©t été 🌊');
      expect(pieces.at(-1)).toEqual({ text: '', isEnd: true, error: '' });
      expect(pieces.filter((piece) => piece.isEnd)).toHaveLength(1);
    }
  });
  it('tells an error in its middle, and passes over what it does not know', () => {
    const stream = new ChatStream();
    const bytes = new TextEncoder().encode(': note\n\ndata: nonsense\n\ndata: {"choices":7}\n\ndata: {"error":{"message":"it broke off"}}\n\n');
    expect(stream.feed(bytes).at(-1)).toEqual({ text: '', isEnd: true, error: 'it broke off' });
    expect(errorOf('<html>')).toEqual({ message: '', code: '' });
    expect(errorOf('{"error":{"message":"no","code":"model_not_found"}}')).toEqual({ message: 'no', code: 'model_not_found' });
  });
});
