// Which page stood when: what browsers tell late is told of the page where it happened, and not of the one that was left.
const KEPT = 50;

export class Visits {
  #visits: { page: string; from: number }[];
  // `from` and `at` are of performance.now().
  constructor(page: string) {
    this.#visits = [{ page, from: 0 }];
  }
  moved(page: string, from: number): void {
    this.#visits = [...this.#visits, { page, from }].slice(-KEPT);
  }
  // Where the moment is not known, the page of now.
  at(moment: number | undefined): string {
    return (moment === undefined ? this.#visits.at(-1) : (this.#visits.findLast(({ from }) => from <= moment) ?? this.#visits[0]))!.page;
  }
}
