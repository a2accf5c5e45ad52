import { t as common, wordsOf, type MessageKey, type Values } from '$lib/i18n/messages';
import en from './en.json';

const own = wordsOf(en);
// The words of the rooms that make things, which come with them, and those that every page has.
export type Word = keyof typeof en;
export const t = (key: Word | MessageKey, values?: Values): string => (key in en ? own(key as Word, values) : common(key as MessageKey, values));
