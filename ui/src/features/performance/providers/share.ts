import { locale, onFirstUse } from '$lib/i18n/messages';

const percent = onFirstUse(() => new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 }));
// "99.7%", "100%".
export const formatShare = (share: number): string => percent().format(share);
