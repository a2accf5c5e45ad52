// The page's words. `en.json` is the type: a key that is not there does not compile. A plural is an object of Intl's forms.
import en from './en.json';

type Plural = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };
export type Messages = typeof en;
export type MessageKey = keyof Messages;
export type Values = Record<string, string | number>;

export const locale = 'en';

// What Intl makes takes a telephone milliseconds each: it is made when it is first needed, and once.
export function onFirstUse<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
const toolsOf = (language: string) => ({ rules: onFirstUse(() => new Intl.PluralRules(language)), numbers: onFirstUse(() => new Intl.NumberFormat(language)) });
const ours = toolsOf(locale);

export function makeTranslate(messages: Record<string, string | Plural>, language: string) {
  const { rules, numbers } = language === locale ? ours : toolsOf(language);
  return (key: string, values: Values = {}): string => {
    const entry = messages[key];
    if (entry === undefined) return key;
    const pattern = typeof entry === 'string' ? entry : (entry[rules().select(Number(values['count'] ?? 0))] ?? entry.other);
    return pattern.replace(/\{(\w+)\}/g, (all, name: string) => {
      const value = values[name];
      return value === undefined ? all : typeof value === 'number' ? numbers().format(value) : value;
    });
  };
}

// The words of pages that load when they are opened: each brings its own, so that the first page does not carry them.
export function wordsOf<M extends Record<string, string | Plural>>(messages: M): (key: keyof M & string, values?: Values) => string {
  return makeTranslate(messages, locale);
}

const translate = makeTranslate(en as Record<string, string | Plural>, locale);
export const t = (key: MessageKey, values?: Values): string => translate(key, values);
// For words that come from a state's name: the key is put together, and falls back to the name itself.
export const tState = (prefix: 'state' | 'step', name: string): string => {
  const key = `${prefix}.${name}`;
  return key in en ? translate(key) : name;
};
