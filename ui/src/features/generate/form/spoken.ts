// Names of models' voices and qualities, for people.
import type { Voice } from '$lib/api/generation-types';
import { locale, onFirstUse } from '$lib/i18n/messages';

const languages = onFirstUse(() => new Intl.DisplayNames([locale], { type: 'language' }));

// "local/espeak-ng/en-gb" is "British English"; a name is a name.
export function voiceName(voice: string): string {
  const last = voice.split('/').at(-1) ?? voice;
  if (!/^[a-z]{2,3}(-[a-z0-9]{2,8})*$/.test(last)) return last;
  try {
    const spoken = languages().of(last) ?? last;
    return spoken.toLowerCase() === last ? last : spoken;
  } catch {
    return last;
  }
}

// What is said of a voice beside its name: "British English, female, narration".
export function voiceFacts({ name, language, gender, style }: Voice): string {
  const spoken = language === '' ? '' : languageName(language);
  return [spoken === voiceName(name) ? '' : spoken, gender, style].filter(Boolean).join(', ');
}

// "eng" and "en" are "English"; what is no language's name stays.
export function languageName(tag: string): string {
  try {
    return languages().of(tag) ?? tag;
  } catch {
    return tag;
  }
}

const GRADES: ReadonlySet<string> = new Set(['auto', 'low', 'medium', 'high', 'standard', 'hd', 'draft', 'fast', 'pro', 'ultra', 'turbo', 'best', 'normal']);
// Whether these are ways it can look, and not how good it gets.
export const isLook = (qualities: readonly string[]): boolean => !qualities.some((one) => GRADES.has(one) || /\d/.test(one));
