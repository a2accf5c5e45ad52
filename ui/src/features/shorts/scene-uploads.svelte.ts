import { asProblem, isAbort } from '$lib/api/problem';
import { mediaTypeOf } from '$lib/api/upload';
import { t } from './words';
import type { Studio } from '$lib/state/studio.svelte';
import type { Editor } from './editor.svelte';

// Pictures on their way to scenes. Scenes may move meanwhile: a picture goes to the scene with the words it was given to.
export class SceneUploads {
  #going = $state.raw<readonly { words: string; index: number }[]>([]);
  #studio: Studio;
  #editor: Editor;
  #stop = new AbortController();

  constructor(studio: Studio, editor: Editor) {
    this.#studio = studio;
    this.#editor = editor;
  }
  dispose(): void {
    this.#stop.abort();
  }

  isFor(index: number): boolean {
    return this.#going.some((going) => this.#indexOf(going) === index);
  }

  async send(index: number, file: File): Promise<void> {
    if (!/^(image|video)\//.test(mediaTypeOf(file))) {
      this.#studio.toasts.show({ tone: 'bad', text: t('story.noPicture', { name: file.name }) });
      return;
    }
    const going = { words: this.#editor.scenes[index]?.text ?? '', index };
    this.#going = [...this.#going, going];
    try {
      const asset = await this.#studio.api.uploadAsset(file, { signal: this.#stop.signal });
      const at = this.#indexOf(going);
      if (at >= 0) await this.#editor.setPicture(at, asset.id);
    } catch (error) {
      if (!isAbort(error)) this.#studio.complain(asProblem(error), () => void this.send(this.#indexOf(going), file));
    }
    this.#going = this.#going.filter((each) => each !== going);
  }

  #indexOf({ words, index }: { words: string; index: number }): number {
    const { scenes } = this.#editor;
    if (scenes[index]?.text === words) return index;
    const at = scenes.findIndex((scene) => scene.text === words);
    return at >= 0 ? at : Math.min(index, scenes.length - 1);
  }
}
