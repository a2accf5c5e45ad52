import type { Production, ProductionSummary, Run } from '$lib/api/types';

export const isRenderOf = (run: Run, production: string): boolean => run.kind === 'production.render' && run.subject === production;

export function summaryOf({ story: _story, settings: _settings, scenes, ...facts }: Production): ProductionSummary {
  return { ...facts, scene_count: scenes.length };
}
