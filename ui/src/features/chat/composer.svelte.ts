import type { Part } from '$lib/api/chat-types';
import { asProblem } from '$lib/api/problem';
import { formatBytes } from '$lib/i18n/format';
import { newKey } from '$lib/media/secure';
import type { Studio } from '$lib/state/studio.svelte';
import type { Outgoing } from './room.svelte';
import { t } from './words';

// Longer text than this does not go into the box: laying it out there would hold the page up at every key.
export const PASTE_MAX = 64 * 1024;
export const TEXT_BYTES_MAX = 4 * 1024 * 1024;
const TEXT_TYPES = /^text\/|^application\/(json|xml|yaml|toml|javascript|typescript|x-sh|sql)\b|\+(json|xml)$/;
const TEXT_NAMES = /\.(txt|md|markdown|csv|tsv|json|jsonl|xml|ya?ml|toml|ini|log|sh|sql|html?|css|[jt]sx?|svelte|vue|py|rb|rs|go|java|kt|swift|c|h|cc|cpp|hpp|cs|php|lua|r|pl|cmake|diff|patch)$/i;

// What goes along with the text: a long text, or a picture in the library ('' until it is there).
export interface Attached {
  key: string;
  name: string; // '' for what was pasted
  size: number;
  text?: string;
  asset?: string;
}
export type Written = Outgoing & { text: string; attached: readonly Attached[] };
type Ports = { drafts: Studio['drafts']; api: Pick<Studio['api'], 'uploadAsset'>; toasts: Pick<Studio['toasts'], 'show'>; complain: Studio['complain'] };

const partOf = ({ name, text, asset }: Attached): Part => (asset === undefined ? { type: 'text', text: name === '' ? (text ?? '') : `${name}\n\n${text ?? ''}` } : { type: 'image', asset_id: asset });

// What is being written in a thread. It knows nothing of the thread, so that typing under a long one is as quick as under none.
export class Composer {
  text = $state('');
  attached = $state.raw<readonly Attached[]>([]);
  readonly isEmpty = $derived(this.text.trim() === '' && this.attached.length === 0);
  readonly isUploading = $derived(this.attached.some(({ asset }) => asset === ''));
  #studio: Ports;
  #name: () => string;
  #under = ''; // the name its draft is kept under
  #returned: Written | null = null;

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
    this.#attach({ key: newKey(), name: '', size: text.length, text });
    return true;
  }
  async addFiles(files: readonly File[]): Promise<void> {
    await Promise.all(files.map((file) => (file.type.startsWith('image/') ? this.#addPicture(file) : this.#addText(file))));
  }
  remove(key: string): void {
    this.attached = this.attached.filter((each) => each.key !== key);
    this.#keepAttached();
  }

  #attach(each: Attached): void {
    this.attached = [...this.attached, each];
    this.#keepAttached();
  }
  async #addPicture(file: File): Promise<void> {
    const key = newKey();
    this.#attach({ key, name: file.name, size: file.size, asset: '' });
    try {
      const { id } = await this.#studio.api.uploadAsset(file);
      this.attached = this.attached.map((each) => (each.key === key ? { ...each, asset: id } : each));
      this.#keepAttached();
    } catch (error) {
      this.remove(key);
      this.#studio.complain(asProblem(error), () => void this.#addPicture(file));
    }
  }
  async #addText(file: File): Promise<void> {
    const refuse = (text: string): void => void this.#studio.toasts.show({ tone: 'bad', text });
    if (!TEXT_TYPES.test(file.type) && !TEXT_NAMES.test(file.name)) return refuse(t('notTaken', { name: file.name }));
    if (file.size > TEXT_BYTES_MAX) return refuse(t('tooLarge', { name: file.name, size: formatBytes(TEXT_BYTES_MAX) }));
    try {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
      this.#attach({ key: newKey(), name: file.name, size: file.size, text });
    } catch {
      refuse(t('notTaken', { name: file.name }));
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
    const kept = this.attached.filter(({ asset }) => asset !== '');
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
      return part.type === 'image' ? [{ key: newKey(), name: '', size: 0, asset: part.asset_id }] : [];
    });
    this.text = [this.text.trimEnd(), typed].filter((text) => text !== '').join('\n\n');
    this.attached = [...this.attached, ...attached];
    this.#keep();
    this.#keepAttached();
  }

  // Empties the box. The draft stays until the server has it.
  take(): Written {
    const { text, attached } = this;
    const typed = text.trim();
    const parts: Part[] = [...attached.map(partOf), ...(typed === '' ? [] : [{ type: 'text' as const, text: typed }])];
    const isAgain = this.#returned !== null && JSON.stringify(this.#returned.parts) === JSON.stringify(parts);
    this.text = '';
    this.attached = [];
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
