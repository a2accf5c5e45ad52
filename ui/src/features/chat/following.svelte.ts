import type { Drafts } from '$lib/state/drafts';

const NAME = 'chat.follow';

// Whether an answer taller than the view is followed to its end, or stays at its beginning, where one reads first.
export class Following {
  isOn = $state(false);
  #drafts: Drafts;

  constructor(drafts: Drafts) {
    this.#drafts = drafts;
    this.isOn = drafts.read(NAME)?.text === 'end';
  }
  toggle(): void {
    this.isOn = !this.isOn;
    if (this.isOn) this.#drafts.write(NAME, { text: 'end', base: 0 });
    else this.#drafts.clear(NAME);
  }
}
