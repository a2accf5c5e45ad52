// What a page offers to the palette while it is shown.
export interface Command {
  id: string;
  label: string;
  keys?: readonly string[];
  run: () => void;
}
type Offer = () => readonly Command[];

export class Commands {
  #offers = $state.raw<readonly Offer[]>([]);

  // Asked each time the palette looks, so that only what can be done now is there.
  get here(): readonly Command[] {
    return this.#offers.flatMap((offer) => offer());
  }
  offer(offer: Offer): () => void {
    this.#offers = [...this.#offers, offer];
    return () => void (this.#offers = this.#offers.filter((each) => each !== offer));
  }
}
