import type { Generation } from '$lib/api/generation-types';
import { KIND } from './labels';
import { t } from './words';

// What it is called: its words, or what kind of thing it is where there were none.
export const titleOf = (made: Generation): string => (made.title === '' || made.title === made.kind ? t(KIND[made.kind]) : made.title);
