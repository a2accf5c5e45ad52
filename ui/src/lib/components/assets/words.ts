import { t as common, wordsOf, type MessageKey, type Values } from '../../i18n/messages';
import en from './en.json';

const own = wordsOf(en);
// The words of choosing a file, which come with it, and those that every page has.
export const t = (key: keyof typeof en | MessageKey, values?: Values): string => (key in en ? own(key as keyof typeof en, values) : common(key as MessageKey, values));
