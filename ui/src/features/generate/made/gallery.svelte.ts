import type { Generation, GenerationResult } from '$lib/api/generation-types';

export interface Picture {
  asset: string;
  made: Generation;
  result: GenerationResult;
  number: number; // from 1, among those made together
}

export const isPicture = (result: GenerationResult): boolean => result.media_type.startsWith('image/');
export const picturesOf = (made: Generation): Picture[] =>
  made.results.flatMap((result, at) => (result.asset && isPicture(result) ? [{ asset: result.asset, made, result, number: at + 1 }] : []));

// Which of the pictures are chosen to be compared: two at most, the one chosen longest ago makes room.
export class Pair {
  chosen = $state.raw<readonly Picture[]>([]);
  has = (asset: string): boolean => this.chosen.some((picture) => picture.asset === asset);
  toggle(picture: Picture): void {
    this.chosen = this.has(picture.asset) ? this.chosen.filter(({ asset }) => asset !== picture.asset) : [...this.chosen.slice(-1), picture];
  }
  clear(): void {
    this.chosen = [];
  }
}
