// What a model charges, in few words.
import type { ModelRates } from '../api/gateway-types';
import { wordsOf } from '../i18n/messages';
import en from './en.json';
import { formatMoneyShort } from './money';

const t = wordsOf(en);
const SHOWN_MAX = 2;

// "$3.00 / $15.00 a million tokens", "$0.04 a picture", "free", "price unknown".
export function rateWords(rates: ModelRates): string {
  if (rates === null) return t('rates.unknown');
  if (rates.length === 0) return t('rates.free');
  const input = rates.find(({ of }) => of === 'input_tokens');
  const output = rates.find(({ of }) => of === 'output_tokens');
  const others = rates.filter((rate) => rate !== input && rate !== output).map(({ of, price }) => t(`rates.${of}`, { price: formatMoneyShort(price) }));
  const tokens = input && output ? [t('rates.tokens', { input: formatMoneyShort(input.price), output: formatMoneyShort(output.price) })] : [input, output].flatMap((one) => (one ? [t(`rates.${one.of}`, { price: formatMoneyShort(one.price) })] : []));
  // What is paid by the piece says more than its tokens.
  return [...others, ...tokens].slice(0, SHOWN_MAX).join(' · ');
}
