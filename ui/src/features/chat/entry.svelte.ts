// One message as it is shown. Each part has its own state, so that what an answer grows by changes one part's text on the page
// and nothing else: not the list, not the message around it.
import type { Message, MessageDelta, MessageRole, Part, PartDelta, ToldMessage } from '$lib/api/chat-types';

// What waits while a message is read again. Beyond it, all that waits is let go: the next delta finds the gap anew.
const WAITING_MAX = 256;

export type Facts = Omit<Message, 'parts'>;

// A message that the server does not have yet.
export const unsent = (role: MessageRole, parts: Part[], model: string): Message => ({
  number: 0, parent: 0, role, state: role === 'assistant' ? 'queued' : 'complete', parts, seq: 0, model, served: null, usage: null, cost: null,
  first_token_ms: null, total_ms: null, finish: null, created_at: new Date().toISOString(),
});

export class LivePart {
  readonly type: Part['type'];
  text = $state(''); // of text and reasoning; a call's arguments
  part = $state.raw<Part>() as Part; // as told at first, with what was noted on a call since; of the other types, all there is

  constructor(part: Part) {
    this.type = part.type;
    this.part = part;
    if ('text' in part) this.text = part.text;
    else if (part.type === 'tool_call') this.text = part.arguments;
  }
  take({ text, ...piece }: PartDelta): void {
    this.text += text;
    if (piece.type !== 'tool_call' || this.part.type !== 'tool_call' || !piece.approval) return;
    const { title, effect, approval } = piece;
    this.part = { ...this.part, title, effect, approval };
  }
}

function partOf(piece: PartDelta): Part {
  const { at: _place, ...rest } = piece;
  if (rest.type !== 'tool_call') return rest;
  const { text, ...call } = rest;
  return { ...call, arguments: text };
}

const isOpen = (state: Message['state']): boolean => state === 'answering' || state === 'queued';
const canGrow = (part: Part): part is Extract<Part, { text: string }> => part.type === 'text' || part.type === 'reasoning';

let made = 0;

export class Entry {
  readonly key: string; // on the page, the same from before it has a number
  facts = $state.raw<Facts>() as Facts;
  parts = $state.raw<readonly LivePart[]>([]);
  // How many times it was changed by what the stream told: what was asked for before that is old.
  version = 0;
  #seq = 0; // not state: it moves with every delta
  #waiting: MessageDelta[] = [];
  isBehind = false; // a delta is missing: it is being read

  constructor(message: Message) {
    this.key = `m${++made}`;
    this.replace(message);
  }

  get seq(): number {
    return this.#seq;
  }
  get isOpen(): boolean {
    return isOpen(this.facts.state);
  }
  // All that it says, as one text.
  get text(): string {
    return this.parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n\n');
  }
  plainParts(): Part[] {
    return this.parts.map(({ part, text }) => (canGrow(part) ? { ...part, text } : part.type === 'tool_call' ? { ...part, arguments: text } : part));
  }

  // Takes it as the server has it. Parts that are the same stay as they are on the page.
  replace(message: Message): void {
    const { parts, ...facts } = message;
    this.facts = facts;
    this.#seq = message.seq;
    const isSame = parts.length === this.parts.length && parts.every((part, at) => canGrow(part) && this.parts[at]!.type === part.type);
    if (isSame) parts.forEach((part, at) => (this.parts[at]!.text = (part as { text: string }).text));
    else this.parts = parts.map((part, at) => this.#kept(part, at));
    this.#catchUp();
  }
  #kept(part: Part, at: number): LivePart {
    const known = this.parts[at];
    if (!known || known.type !== part.type || !canGrow(part)) return new LivePart(part);
    known.text = part.text;
    return known;
  }

  // What the stream tells. False: it must be read, because its parts are not in the event.
  hear(told: ToldMessage): boolean {
    this.version += 1;
    // Said before what is here: the deltas since then are in already.
    if (isOpen(told.state) && this.isOpen && told.seq < this.#seq) return true;
    if (told.parts === null) {
      const { parts: _none, ...facts } = told;
      this.facts = { ...facts, seq: this.#seq };
      return false;
    }
    this.replace({ ...told, parts: told.parts });
    return true;
  }

  // What was read, asked for when the entry was at `version`. It may be older than what the stream has told since.
  takeRead(message: Message, version: number): void {
    this.isBehind = false;
    if (version !== this.version && isOpen(message.state) && (message.seq < this.#seq || !this.isOpen)) return this.#catchUp();
    this.replace(message);
  }
  readFailed(): void {
    this.isBehind = false;
    this.#waiting = [];
  }

  // False: one before it is missing, and the message must be read (once: further ones wait until it is).
  grow(delta: MessageDelta): boolean {
    if (delta.seq <= this.#seq || !this.isOpen) return true;
    if (delta.seq === this.#seq + 1 && !this.isBehind) {
      this.#append(delta);
      return true;
    }
    if (this.#waiting.length >= WAITING_MAX) this.#waiting = [];
    this.#waiting.push(delta);
    if (this.isBehind) return true;
    this.isBehind = true;
    return false;
  }

  #append(delta: MessageDelta): void {
    this.#seq = delta.seq;
    this.version += 1;
    if (this.facts.state === 'queued') this.facts = { ...this.facts, state: 'answering' };
    for (const piece of delta.parts) {
      const part = this.parts[piece.at];
      if (part) part.take(piece);
      else this.parts = [...this.parts, new LivePart(partOf(piece))];
    }
  }
  #catchUp(): void {
    const waiting = this.#waiting.sort((a, b) => a.seq - b.seq);
    this.#waiting = [];
    for (const delta of waiting) if (delta.seq === this.#seq + 1 && this.isOpen) this.#append(delta);
  }
}
