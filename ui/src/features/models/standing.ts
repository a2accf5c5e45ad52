// How a candidate of a route stands, in words.
import type { ModelHealth, RouteCandidate, RouteStanding, Strategy } from '$lib/api/gateway-types';
import { rateWords } from '$lib/gateway/rates';
import { formatDuration } from '$lib/i18n/format';
import { locale } from '$lib/i18n/messages';
import { stateOf, successOf, type HealthWord } from './health';
import { shareOf } from './route-graph';
import { t } from './words';

export type Window = 'hour' | 'day';

const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });

export function turnWords({ turn, chance }: RouteCandidate, strategy: Strategy): string {
  if (turn === null) return t('turn.none');
  if (strategy === 'weighted') return t('turn.chance', { share: percent.format(chance) });
  return turn === 0 ? t('turn.first') : t('turn.next', { count: turn + 1 });
}

export const markOf = ({ health }: RouteCandidate): HealthWord => (health ? stateOf(health) : { tone: 'quiet', word: t('noProvider') });

export function servedWords(candidate: RouteCandidate, route: RouteStanding, window: Window): string {
  const { attempts, answered } = candidate[window];
  const share = shareOf(answered, route[window].answered);
  if (attempts === 0) return share === null ? t('served.quiet') : t('served.none');
  const lost = attempts - answered;
  const served = t('served.share', { share: percent.format(share ?? 0), count: answered });
  return lost > 0 ? `${served}, ${t('served.lost', { count: lost })}` : served;
}

const range = (label: 'figures.first' | 'figures.whole', typical: number, slow: number): string => {
  const time = formatDuration(typical);
  return t(label, { time: slow > typical ? t('firstTokenValue', { typical: time, slow: formatDuration(slow) }) : time });
};
// What streams is told by its first token, what comes whole by its end.
function speedWords(health: ModelHealth): string {
  if (health.first_token_p50_ms > 0) return range('figures.first', health.first_token_p50_ms, health.first_token_p95_ms);
  return health.whole_p50_ms > 0 ? range('figures.whole', health.whole_p50_ms, health.whole_p95_ms) : '';
}
export function figureWords({ health, rates }: RouteCandidate): string[] {
  if (!health) return [];
  const success = successOf(health);
  return [success && t('figures.success', { rate: success }), speedWords(health), rateWords(rates)].filter(Boolean);
}
