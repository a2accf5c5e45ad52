// Has diagrams drawn by one frame, one after the other. The frame is opened with the first of them and removed when it has had
// nothing to do for a while, or does not answer in time. What was drawn is remembered, so that scrolling back draws nothing.
import { readAnswer, textMost, type Drawn, type DrawRequest, type Refusal } from './protocol';

export type Outcome = { drawn: Drawn } | { refused: Refusal };

export interface DrawingFrame {
  ask: (request: DrawRequest) => void;
  close: () => void;
}
// Rejects where the frame cannot be loaded. Nothing of what is heard may be believed.
export type OpenFrame = (onsaid: (said: unknown) => void, signal: AbortSignal) => Promise<DrawingFrame>;

export interface Patience {
  drawingMs: number;
  openingMs: number;
  idleMs: number;
}

interface Job {
  key: string;
  text: string;
  isDark: boolean;
  wanted: Set<(outcome: Outcome) => void>;
}

const rememberedMost = 60;
const rememberedCharactersMost = 4_000_000;
const refuse = (reason: Refusal['reason']): Outcome => ({ refused: { reason, line: 0 } });
const sizeOf = (outcome: Outcome): number => ('drawn' in outcome ? outcome.drawn.svg.length : 0);

export class Drawer {
  readonly #open: OpenFrame;
  readonly #patience: Patience;
  readonly #remembered = new Map<string, Outcome>(); // the one seen last is last
  #rememberedCharacters = 0;
  readonly #waiting = new Map<string, Job>();
  #frame: DrawingFrame | null = null;
  #isBusy = false;
  #number = 0;
  #heard: (said: unknown) => void = () => {};
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(open: OpenFrame, patience: Patience = { drawingMs: 10_000, openingMs: 30_000, idleMs: 300_000 }) {
    this.#open = open;
    this.#patience = patience;
  }

  // What is known of a diagram already; null: it must be drawn.
  known(text: string, isDark: boolean): Outcome | null {
    if (text.length > textMost) return refuse('size');
    const key = keyOf(text, isDark);
    const outcome = this.#remembered.get(key) ?? null;
    if (outcome) {
      this.#remembered.delete(key);
      this.#remembered.set(key, outcome);
    }
    return outcome;
  }

  // So that it is drawn anew.
  forget(text: string, isDark: boolean): void {
    this.#drop(keyOf(text, isDark));
  }

  // Tells `ondrawn` once what came of it. The function that comes back says that nobody wants it any more.
  draw(text: string, isDark: boolean, ondrawn: (outcome: Outcome) => void): () => void {
    const known = this.known(text, isDark);
    if (known) {
      ondrawn(known);
      return () => {};
    }
    const key = keyOf(text, isDark);
    const job = this.#waiting.get(key) ?? { key, text, isDark, wanted: new Set() };
    this.#waiting.set(key, job);
    job.wanted.add(ondrawn);
    void this.#work();
    return () => job.wanted.delete(ondrawn);
  }

  async #work(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    clearTimeout(this.#idle);
    for (const job of this.#waiting.values()) {
      if (job.wanted.size > 0) {
        const outcome = await this.#drawn(job);
        // Whoever asks again after the network has come back is to have it.
        if (!('refused' in outcome) || outcome.refused.reason !== 'unreachable') this.#remember(job.key, outcome);
        job.wanted.forEach((tell) => tell(outcome));
      }
      this.#waiting.delete(job.key);
    }
    this.#isBusy = false;
    this.#idle = setTimeout(() => this.#close(), this.#patience.idleMs);
  }

  async #drawn({ text, isDark }: Job): Promise<Outcome> {
    try {
      this.#frame ??= await this.#opened();
    } catch {
      return refuse('unreachable');
    }
    const frame = this.#frame;
    const number = ++this.#number;
    const outcome = await new Promise<Outcome>((resolve) => {
      const timer = setTimeout(() => resolve(refuse('time')), this.#patience.drawingMs);
      this.#heard = (said) => {
        const answer = readAnswer(said);
        if (answer?.number !== number) return;
        clearTimeout(timer);
        resolve(answer);
      };
      frame.ask({ number, text, isDark });
    });
    this.#heard = () => {};
    if ('refused' in outcome && outcome.refused.reason === 'time') this.#close();
    return 'drawn' in outcome ? { drawn: outcome.drawn } : { refused: outcome.refused };
  }

  async #opened(): Promise<DrawingFrame> {
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), this.#patience.openingMs);
    try {
      return await this.#open((said) => this.#heard(said), giveUp.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  #remember(key: string, outcome: Outcome): void {
    this.#remembered.set(key, outcome);
    this.#rememberedCharacters += key.length + sizeOf(outcome);
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= rememberedMost && this.#rememberedCharacters <= rememberedCharactersMost) return;
      this.#drop(oldest);
    }
  }
  #drop(key: string): void {
    const outcome = this.#remembered.get(key);
    if (outcome && this.#remembered.delete(key)) this.#rememberedCharacters -= key.length + sizeOf(outcome);
  }

  #close(): void {
    this.#frame?.close();
    this.#frame = null;
  }
}

const keyOf = (text: string, isDark: boolean): string => (isDark ? 'd' : 'l') + text;
