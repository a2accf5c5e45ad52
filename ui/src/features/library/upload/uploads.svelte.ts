// What is being uploaded. It goes on while other pages are shown: there is one of it for the whole page.
import { mediaTypeOf } from '$lib/api/upload';
import { asProblem, isAbort, Problem } from '$lib/api/problem';
import { newKey } from '$lib/media/secure';
import type { Studio } from '$lib/state/studio.svelte';
import { libraryCalls } from '../calls';
import { t } from '../words';
import { sendFile } from './tus';

const AT_ONCE = 2;
const IN_PIECES_FROM = 8 << 20; // smaller ones are sent anew quicker than they are asked after
const AGAIN_MS = [1000, 3000, 8000, 20_000] as const;
const ADDRESSES = 'library.uploads'; // a draft: where files that were broken off go on

export interface Upload {
  id: string;
  file: File;
  folder: string; // it is put into; "": none
  fraction: number; // below 0: it waits
  isWaiting: boolean; // for the server to be there again
  problem: Problem | null;
  abort: AbortController;
}

export class Uploads {
  list = $state.raw<readonly Upload[]>([]);
  #studio: Studio;
  #sending = 0;
  #doneCount = 0;
  #knowsPieces = true; // the server takes files in pieces

  constructor(studio: Studio) {
    this.#studio = studio;
  }

  add(files: readonly File[], folder = ''): void {
    this.list = [...this.list, ...files.map((file): Upload => ({ id: newKey(), file, folder, fraction: -1, isWaiting: false, problem: null, abort: new AbortController() }))];
    this.#next();
  }
  retry(id: string): void {
    this.#change(id, { problem: null, fraction: -1 });
    this.#next();
  }
  stop(id: string): void {
    this.list.find((upload) => upload.id === id)?.abort.abort();
    this.list = this.list.filter((upload) => upload.id !== id);
  }

  #change(id: string, change: Partial<Upload>): void {
    this.list = this.list.map((upload) => (upload.id === id ? { ...upload, ...change } : upload));
  }
  #next(): void {
    const next = this.#sending < AT_ONCE ? this.list.find((upload) => upload.fraction < 0 && !upload.problem) : undefined;
    if (!next) return;
    this.#sending += 1;
    this.#change(next.id, { fraction: 0 });
    void this.#send(next).finally(() => {
      this.#sending -= 1;
      if (this.list.length === 0 && this.#doneCount > 0 && this.#studio.router.path !== '/library') this.#studio.toasts.show({ tone: 'ok', text: t('library.uploaded', { count: this.#doneCount }), action: { label: t('library.see'), run: () => this.#studio.router.go('/library') } });
      if (this.list.length === 0) this.#doneCount = 0;
      this.#next();
    });
    this.#next();
  }

  async #send(upload: Upload): Promise<void> {
    const { id, abort } = upload;
    for (let turn = 0; ; turn += 1) {
      try {
        await (upload.file.size >= IN_PIECES_FROM && this.#knowsPieces ? this.#sendInPieces(upload) : this.#sendWhole(upload));
        this.#doneCount += 1;
        this.list = this.list.filter((each) => each.id !== id);
        return;
      } catch (error) {
        if (isAbort(error) || abort.signal.aborted) return;
        const problem = asProblem(error);
        const wait = AGAIN_MS[turn];
        if (!(problem.isOffline || problem.status === 503) || wait === undefined) return this.#change(id, { problem, fraction: 0, isWaiting: false });
        this.#change(id, { isWaiting: true });
        await new Promise((done) => setTimeout(done, wait));
        this.#change(id, { isWaiting: false });
      }
    }
  }
  async #sendWhole({ id, file, folder, abort }: Upload): Promise<void> {
    const { api } = this.#studio;
    const asset = await api.uploadAsset(file, { signal: abort.signal, onProgress: (sent, total) => this.#change(id, { fraction: total > 0 ? sent / total : 0 }) });
    if (folder !== '') await libraryCalls(api).change(asset.id, { folder });
  }
  async #sendInPieces(upload: Upload): Promise<void> {
    const { id, file, abort } = upload;
    const mark = `${file.name}:${file.size}:${file.lastModified}`;
    const known = this.#addresses();
    try {
      const asset = await sendFile(file, mediaTypeOf(file), known[mark] ?? '', {
        csrf: this.#studio.api.csrf,
        signal: abort.signal,
        onProgress: (sent, total) => this.#change(id, { fraction: sent / total }),
        onAddress: (address) => this.#keep({ ...this.#addresses(), [mark]: address }),
      });
      this.#forget(mark);
      if (upload.folder !== '' && asset !== '') await libraryCalls(this.#studio.api).change(asset, { folder: upload.folder });
    } catch (error) {
      const { status } = asProblem(error);
      // A server from before there were pieces.
      if (known[mark] === undefined && (status === 404 || status === 405)) {
        this.#knowsPieces = false;
        return this.#sendWhole(upload);
      }
      if (status >= 400 && status < 500 && status !== 401 && status !== 429) this.#forget(mark);
      throw error;
    }
  }

  #addresses(): Record<string, string> {
    try {
      return JSON.parse(this.#studio.drafts.read(ADDRESSES)?.text ?? '{}') as Record<string, string>;
    } catch {
      return {};
    }
  }
  #keep(addresses: Record<string, string>): void {
    this.#studio.drafts.write(ADDRESSES, { text: JSON.stringify(addresses), base: 0 });
  }
  #forget(mark: string): void {
    const { [mark]: _gone, ...others } = this.#addresses();
    this.#keep(others);
  }
}

const ofStudio = new WeakMap<Studio, Uploads>();
export function uploadsOf(studio: Studio): Uploads {
  const there = ofStudio.get(studio) ?? new Uploads(studio);
  ofStudio.set(studio, there);
  return there;
}
