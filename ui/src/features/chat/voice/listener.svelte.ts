// What is said, as words. The browser does it; what it gives is only put into the box, never sent by itself.
interface Alternative {
  transcript: string;
}
interface Heard {
  resultIndex: number;
  results: ArrayLike<ArrayLike<Alternative> & { isFinal: boolean }>;
}
export interface Recognition {
  lang: string;
  continuous: boolean;
  interimResults: boolean;
  onresult: ((event: Heard) => void) | null;
  onerror: ((event: { error: string }) => void) | null;
  onend: (() => void) | null;
  start(): void;
  stop(): void;
  abort(): void;
}
export type Trouble = '' | 'refused' | 'silent' | 'failed';

const troubleOf = (error: string): Trouble => (error === 'aborted' ? '' : error === 'not-allowed' || error === 'service-not-allowed' ? 'refused' : error === 'no-speech' ? 'silent' : 'failed');

export function browserRecognition(): Recognition {
  const { SpeechRecognition, webkitSpeechRecognition } = globalThis as { SpeechRecognition?: new () => Recognition; webkitSpeechRecognition?: new () => Recognition };
  const Made = SpeechRecognition ?? webkitSpeechRecognition;
  if (!Made) throw new Error('this browser does not listen');
  return new Made();
}

export class Listener {
  isListening = $state(false);
  unsure = $state(''); // what may still become other words
  trouble = $state<Trouble>('');
  #make: () => Recognition;
  #onwords: (words: string) => void;
  #recognition: Recognition | null = null;

  constructor(make: () => Recognition, onwords: (words: string) => void) {
    this.#make = make;
    this.#onwords = onwords;
  }

  start(language: string): void {
    this.trouble = '';
    try {
      const recognition = this.#make();
      recognition.lang = language;
      recognition.continuous = true;
      recognition.interimResults = true;
      recognition.onresult = (event) => this.#hear(event);
      recognition.onerror = ({ error }) => (this.trouble = troubleOf(error));
      recognition.onend = () => this.#ended();
      recognition.start();
      this.#recognition = recognition;
      this.isListening = true;
    } catch {
      this.trouble = 'failed';
    }
  }
  // What was said until now is still put into the box.
  stop(): void {
    this.#recognition?.stop();
  }
  dispose(): void {
    const recognition = this.#recognition;
    this.#ended();
    if (recognition) recognition.onresult = recognition.onerror = recognition.onend = null;
    recognition?.abort();
  }
  #ended(): void {
    this.#recognition = null;
    this.isListening = false;
    this.unsure = '';
  }
  #hear({ resultIndex, results }: Heard): void {
    let unsure = '';
    for (let at = resultIndex; at < results.length; at += 1) {
      const words = results[at]?.[0]?.transcript ?? '';
      if (results[at]?.isFinal) {
        if (words.trim() !== '') this.#onwords(words.trim());
      } else unsure += words;
    }
    this.unsure = unsure.trim();
  }
}
