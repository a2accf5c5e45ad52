// A model as it stands in the list: whose it is, what it charges, how long it took lately.
import type { MediaModel } from '$lib/api/generation-types';
import { rateWords } from '$lib/gateway/rates';
import { formatDuration } from '$lib/i18n/format';
import { t } from '../words';

export const tookOf = (seconds: number): string => t('model.took', { time: formatDuration(seconds * 1000) });

export function groupOf({ kind, is_here, provider }: MediaModel): string {
  if (kind === 'route') return t('model.routes');
  return is_here ? t('model.local') : provider;
}

// A price that nobody knows is not said of each: whoever chooses it is told.
export function choiceOf(model: MediaModel): { id: string; label: string; group: string } {
  const facts = [...(model.rates ? [rateWords(model.rates)] : []), ...(model.seconds ? [tookOf(model.seconds)] : [])];
  return { id: model.id, label: [model.title, ...facts].join(' · '), group: groupOf(model) };
}
