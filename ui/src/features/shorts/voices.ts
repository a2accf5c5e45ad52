import type { Choice } from '$lib/api/options';
import { locale } from '$lib/i18n/messages';

// The languages there is a voice for, under their names in the page's language.
export function languageChoices(voices: readonly Choice[], languages: readonly Choice[]): { id: string; label: string }[] {
  const named = new Map(languages.map((language) => [language.id, language.label]));
  const names = new Intl.DisplayNames([locale], { type: 'language', fallback: 'code' });
  const nameOf = (tag: string): string => {
    try {
      const name = names.of(tag);
      return name && name !== tag ? name : (named.get(tag) ?? tag);
    } catch {
      return named.get(tag) ?? tag;
    }
  };
  const tags = [...new Set(voices.map((voice) => voice.language).filter(Boolean))];
  return tags.map((id) => ({ id, label: nameOf(id) })).sort((a, b) => a.label.localeCompare(b.label, locale));
}
