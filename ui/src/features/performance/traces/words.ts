import { wordsOf } from '$lib/i18n/messages';
import en from './en.json';

export const t = wordsOf(en);
