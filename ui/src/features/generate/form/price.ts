import { formatMoneyShort } from '$lib/gateway/money';
import { t } from '../words';
import type { Price } from './form.svelte';

// Whole picodollars.
export const moneyOf = (picodollars: number): string => formatMoneyShort(BigInt(Math.round(picodollars)));

export function priceWords(price: Price, isLocal: boolean): string {
  if (price === undefined) return isLocal ? t('price.free') : '';
  if (price === null) return t('price.unknown');
  return price === 0 ? t('price.free') : t('price.most', { price: moneyOf(price) });
}
