// Code whose end has not come. It is not lexed: only its new lines are searched for the end.
import type { Tokens } from 'marked';

export class OpenFence {
  #from: number; // where the lines were not searched yet
  readonly #start: number;
  readonly #lang: string;
  readonly #end: RegExp;

  private constructor(start: number, lang: string, mark: string) {
    this.#from = this.#start = start;
    this.#lang = lang;
    this.#end = new RegExp(`^ {0,3}${mark[0]}{${mark.length},} *$`, 'm');
  }

  // The fence that `text` begins with. One that is indented changes its lines, which is left to the lexer.
  static at(text: string): OpenFence | null {
    const found = /^(`{3,}(?=[^`\n]*\n)|~{3,})([^\n]*)\n/.exec(text);
    return found ? new OpenFence(found[0].length, found[2]!.trim(), found[1]!) : null;
  }

  // Searches the complete lines up to `end`. Where the fence ends there: behind its last line; else 0.
  endIn(text: string, end: number): number {
    const found = end > this.#from ? this.#end.exec(text.slice(this.#from, end)) : null;
    if (found) return this.#from + found.index + found[0].length + 1;
    this.#from = Math.max(this.#from, end);
    return 0;
  }

  // A last line of marks only is most likely the end, half arrived: it is not shown.
  token(text: string): Tokens.Code {
    return { type: 'code', raw: text, lang: this.#lang, text: text.slice(this.#start).replace(/(?:^|\n) {0,3}[`~]+$/, '') };
  }
}
