import type { Part } from '$lib/api/chat-types';
import { newKey } from '$lib/media/secure';
import type { Studio } from '$lib/state/studio.svelte';
import type { Outgoing } from './sending.svelte';

// Longer text than this does not go into the box: laying it out there would hold the page up at every key.
export const PASTE_MAX = 64 * 1024;
const PASTE_LOOKED_AT = 1024 * 1024; // UTF-16 units: above that it may be more than a message takes

// What goes along with the text: a long text, or a picture or document in the library. attach/ makes it ready.
export interface Attached {
  key: string;
  name: string; // '' for what was pasted
  size: number;
  text?: string;
  asset?: string;
  type?: string; // of a document
  state?: 'sending' | 'preparing' | 'refused' | undefined; // none: it is ready
  fraction?: number; // of it that was sent
  why?: string; // it was refused
  again?: boolean; // and may be tried again
  pages?: number;
  from?: string; // "4032×3024"
  as?: string; // as a model gets it
}
export type Written = Outgoing & { text: string; attached: readonly Attached[] };
type Ports = { drafts: Studio['drafts']; api: Pick<Studio['api'], 'uploadAsset'> };

const isReady = ({ state }: Attached): boolean => state === undefined;
function partOf({ name, text, asset, type }: Attached): Part {
  if (asset === undefined) return { type: 'text', text: name === '' ? (text ?? '') : `${name}\n\n${text ?? ''}` };
  return type ? { type: 'file', asset_id: asset, name, media_type: type } : { type: 'image', asset_id: asset };
}

// What is being written in a thread. It knows nothing of the thread, so that typing under a long one is as quick as under none.
export class Composer {
  text = $state('');
  attached = $state.raw<readonly Attached[]>([]);
  readonly isEmpty = $derived(this.text.trim() === '' && !this.attached.some(isReady));
  readonly isUploading = $derived(this.attached.some(({ state }) => state === 'sending' || state === 'preparing'));
  #studio: Ports;
  #name: () => string;
  #under = ''; // the name its draft is kept under
  #returned: Written | null = null;
  #files = new Map<string, { file: File; stop: AbortController }>(); // that are not ready

  constructor(studio: Ports, name: () => string) {
    this.#studio = studio;
    this.#name = name;
    this.#under = name();
    this.text = studio.drafts.read(this.#under)?.text ?? '';
    this.attached = readAttached(studio.drafts.read(`${this.#under}.attached`)?.text);
  }

  type(text: string): void {
    this.text = text;
    this.#keep();
  }
  // False: it is short enough for the box.
  paste(text: string): boolean {
    if (text.length <= PASTE_MAX) return false;
    if (text.length > PASTE_LOOKED_AT) void this.addFiles([new File([text], '')]);
    else this.#attach({ key: newKey(), name: '', size: text.length, text });
    return true;
  }
  async addFiles(files: readonly File[]): Promise<void> {
    await Promise.all(files.map((file) => this.#add(newKey(), file)));
  }
  // What could not be sent.
  again(key: string): void {
    const known = this.#files.get(key);
    if (!known) return;
    this.attached = this.attached.filter((each) => each.key !== key);
    void this.#add(key, known.file);
  }
  remove(key: string): void {
    this.#files.get(key)?.stop.abort();
    this.#files.delete(key);
    this.attached = this.attached.filter((each) => each.key !== key);
    this.#keepAttached();
  }

  // What is in the library already.
  put(each: Omit<Attached, 'key'>): void {
    this.#attach({ key: newKey(), ...each });
  }
  #attach(each: Attached): void {
    this.attached = [...this.attached, each];
    this.#keepAttached();
  }
  async #add(key: string, file: File): Promise<void> {
    const stop = new AbortController();
    this.#files.set(key, { file, stop });
    this.#attach({ key, name: file.name, size: file.size, state: 'sending' });
    const tell = (told: Partial<Attached>): void => {
      this.attached = this.attached.map((each) => (each.key === key ? { ...each, ...told } : each));
      if (!('state' in told) || told.state === 'preparing') return;
      if (told.state !== 'refused') this.#files.delete(key);
      this.#keepAttached();
    };
    try {
      const { attach } = await import('./attach/attach');
      await attach(file, this.#studio.api, tell, stop.signal);
    } catch {
      tell({ state: 'refused', why: '', again: true }); // its code did not come
    }
  }

  #keep(): void {
    const { drafts } = this.#studio;
    const name = this.#name();
    if (name !== this.#under) {
      this.#forget();
      this.#under = name;
      this.#keepAttached();
    }
    if (this.text === '') drafts.clear(name);
    else drafts.write(name, { text: this.text, base: 0 });
  }
  // Apart from the text: it is long, and need not be written again with every key.
  #keepAttached(): void {
    const { drafts } = this.#studio;
    const name = `${this.#under}.attached`;
    const kept = this.attached.filter(isReady);
    if (kept.length > 0) drafts.write(name, { text: JSON.stringify(kept), base: 0 });
    else drafts.clear(name);
  }
  #forget(): void {
    this.#studio.drafts.clear(this.#under);
    this.#studio.drafts.clear(`${this.#under}.attached`);
  }

  // Puts what was sent, and did not arrive, behind what is in the box.
  bring(parts: readonly Part[]): void {
    const last = parts.at(-1);
    const typed = last?.type === 'text' && last.text.length <= PASTE_MAX ? last.text : '';
    const rest = typed === '' ? parts : parts.slice(0, -1);
    const attached = rest.flatMap((part): Attached[] => {
      if (part.type === 'text') return [{ key: newKey(), name: '', size: part.text.length, text: part.text }];
      if (part.type === 'file') return [{ key: newKey(), name: part.name, size: 0, asset: part.asset_id, type: part.media_type }];
      return part.type === 'image' ? [{ key: newKey(), name: '', size: 0, asset: part.asset_id }] : [];
    });
    this.text = [this.text.trimEnd(), typed].filter((text) => text !== '').join('\n\n');
    this.attached = [...this.attached, ...attached];
    this.#keep();
    this.#keepAttached();
  }

  // Empties the box. The draft stays until the server has it.
  take(): Written {
    const { text } = this;
    const attached = this.attached.filter(isReady);
    const typed = text.trim();
    const parts: Part[] = [...attached.map(partOf), ...(typed === '' ? [] : [{ type: 'text' as const, text: typed }])];
    const isAgain = this.#returned !== null && JSON.stringify(this.#returned.parts) === JSON.stringify(parts);
    this.text = '';
    this.attached = [];
    this.#files.clear();
    return { parts, key: isAgain ? this.#returned!.key : newKey(), text, attached };
  }
  accepted(): void {
    this.#returned = null;
    if (this.isEmpty) return this.#forget();
    this.#keep();
    this.#keepAttached();
  }
  // It was refused: it stands in the box again, unless something else does by now.
  giveBack(written: Written): void {
    if (!this.isEmpty) return;
    this.#returned = written;
    this.text = written.text;
    this.attached = written.attached;
    this.#keep();
    this.#keepAttached();
  }
}

function readAttached(text: string | undefined): Attached[] {
  try {
    const read: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(read) ? read.filter((each: Partial<Attached> | null) => typeof each?.key === 'string' && (typeof each.text === 'string' || typeof each.asset === 'string')) : [];
  } catch {
    return [];
  }
}
