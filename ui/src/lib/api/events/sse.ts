// Server-sent events out of a byte stream cut anywhere (WHATWG HTML, section 9.2.6).

export interface SseMessage {
  id: string; // the last id seen, also where this event had none
  hasId: boolean;
  type: string;
  data: string;
}

const LINE_LENGTH_MAX = 4 << 20;

export class SseParser {
  #decoder = new TextDecoder('utf-8'); // drops the byte order mark
  #rest = '';
  #endedWithCr = false;
  #type = '';
  #data: string[] = [];
  #lastId = '';
  #hasId = false;

  get lastId(): string {
    return this.#lastId;
  }

  feed(bytes: Uint8Array): SseMessage[] {
    let text = this.#decoder.decode(bytes, { stream: true });
    if (text === '') return [];
    // A line that ended with CR at the last piece's end: the LF that may follow belongs to it.
    if (this.#endedWithCr && text.startsWith('\n')) text = text.slice(1);
    this.#endedWithCr = text === '' ? this.#endedWithCr : text.endsWith('\r');
    const out: SseMessage[] = [];
    const lines = (this.#rest + text).split(/\r\n|\r|\n/);
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > LINE_LENGTH_MAX) throw new Error('a line of the event stream is too long');
    for (const line of lines) this.#line(line, out);
    return out;
  }

  #line(line: string, out: SseMessage[]): void {
    if (line === '') {
      if (this.#data.length > 0) {
        out.push({ id: this.#lastId, hasId: this.#hasId, type: this.#type || 'message', data: this.#data.join('\n') });
      }
      this.#type = '';
      this.#data = [];
      this.#hasId = false;
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#type = value;
    else if (field === 'id' && !value.includes('\0')) {
      this.#lastId = value;
      this.#hasId = true;
    }
  }
}
