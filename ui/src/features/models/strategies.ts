import type { Strategy } from '$lib/api/gateway-types';
import { t } from './words';

export const strategies: readonly { id: Strategy; label: string }[] = [
  { id: 'ordered', label: t('strategy.ordered') },
  { id: 'weighted', label: t('strategy.weighted') },
  { id: 'least_loaded', label: t('strategy.least_loaded') },
  { id: 'lowest_latency', label: t('strategy.lowest_latency') },
  { id: 'lowest_cost', label: t('strategy.lowest_cost') },
  { id: 'automatic', label: t('strategy.automatic') },
];
