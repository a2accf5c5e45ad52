import { wordsOf } from '$lib/i18n/messages';
import en from './en.json';

export type Word = keyof typeof en;
export const t = wordsOf(en);
