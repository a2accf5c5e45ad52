// Why a diagram cannot be drawn, out of what mermaid throws: its words are for people who know its grammars.
import type { Refusal } from '../lib/md/diagram/protocol';

const TOO_LARGE = /Maximum text size|Edge limit exceeded|Too many edges/i;
const lineOf = /\bline:? (\d+)/i;
// These are taken out before it is read, so that lines are numbered otherwise.
const isTakenOut = /^\s*(?:---|%%)/m;

export function refusalOf(error: unknown, text: string): Refusal {
  // A picture that could not be loaded is told of by an event. None can.
  if (error instanceof Event || (error instanceof DOMException && error.name === 'EncodingError')) return { reason: 'picture', line: 0 };
  const { name, message } = error instanceof Error ? error : { name: '', message: String(error) };
  if (TOO_LARGE.test(message)) return { reason: 'size', line: 0 };
  if (name === 'UnknownDiagramError') return { reason: 'kind', line: 0 };
  return { reason: 'syntax', line: isTakenOut.test(text) ? 0 : Number(lineOf.exec(message)?.[1] ?? 0) };
}
