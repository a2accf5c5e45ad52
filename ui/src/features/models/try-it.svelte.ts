import { asProblem, isAbort, Problem } from '$lib/api/problem';
import { ChatStream, errorOf } from './chat-stream';
import { t } from './words';

// One question to one model, the way a program asks it.
export class TryIt {
  model = $state('');
  prompt = $state(t('tryFirst'));
  key = $state(''); // of a server that asks for one; kept nowhere else
  answer = $state('');
  state = $state<'idle' | 'answering' | 'done' | 'stopped' | 'failed'>('idle');
  problem = $state.raw<Problem | null>(null);
  who = $state(''); // provider/model that answered
  firstMs = $state(0);
  totalMs = $state(0);
  #stop: AbortController | null = null;
  #waiting = '';
  #frame = 0;

  async ask(): Promise<void> {
    if (this.state === 'answering') return;
    const stop = new AbortController();
    this.#stop = stop;
    this.answer = '';
    this.problem = null;
    this.who = '';
    this.firstMs = 0;
    this.state = 'answering';
    const began = performance.now();
    try {
      await this.#read(await this.#send(stop.signal), began);
      this.state = 'done';
    } catch (error) {
      this.state = isAbort(error) ? 'stopped' : 'failed';
      if (!isAbort(error)) this.problem = asProblem(error);
    }
    this.#show();
    this.totalMs = performance.now() - began;
    this.#stop = null;
  }
  stop(): void {
    this.#stop?.abort();
  }

  async #send(signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = { 'Content-Type': 'application/json' };
    if (this.key.trim() !== '') headers['Authorization'] = `Bearer ${this.key.trim()}`;
    const body = JSON.stringify({ model: this.model, stream: true, messages: [{ role: 'user', content: this.prompt }] });
    const response = await fetch('/v1/chat/completions', { method: 'POST', headers, body, signal, credentials: 'omit' });
    if (response.ok) return response;
    const { message, code } = errorOf(await response.text());
    throw new Problem({ status: response.status, code: code || `http_${response.status}`, title: t('tryRefused'), detail: message || `HTTP ${response.status} ${response.statusText}`.trim(), request_id: response.headers.get('x-request-id') ?? '' });
  }

  async #read(response: Response, began: number): Promise<void> {
    this.who = response.headers.get('x-atelier-candidate') ?? this.model;
    const stream = new ChatStream();
    const reader = response.body!.getReader();
    let hasEnded = false;
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      for (const piece of stream.feed(value)) {
        if (piece.error !== '') throw new Problem({ code: 'stream_error', title: t('tryCutShort'), detail: piece.error });
        hasEnded ||= piece.isEnd;
        if (piece.text === '') continue;
        if (this.firstMs === 0) this.firstMs = performance.now() - began;
        this.#gather(piece.text);
      }
    }
    if (!hasEnded) throw new Problem({ code: 'stream_cut', title: t('tryCutShort') });
  }

  // One change of the page in a frame, whatever the rate.
  #gather(text: string): void {
    this.#waiting += text;
    this.#frame ||= requestAnimationFrame(() => this.#show());
  }
  #show(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.answer += this.#waiting;
    this.#waiting = '';
  }
}
