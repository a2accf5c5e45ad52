import { locale, onFirstUse } from '$lib/i18n/messages';

const dollars = onFirstUse(() => new Intl.NumberFormat(locale, { style: 'currency', currency: 'USD', maximumSignificantDigits: 3 }));
export const formatCost = (cost: number): string => dollars().format(cost);
