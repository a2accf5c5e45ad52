// What the page does of itself once it has nothing better to do: one file, so that a first visit asks for few.
import { watchAlerts } from '../features/performance/alerts/watch';
import { startReports } from '../features/report/start';
import type { Studio } from '../lib/state/studio.svelte';

export function startLater(studio: Studio): () => void {
  const isIn = (): boolean => studio.session.now !== null && !studio.session.mustSignIn;
  const stops = [startReports(studio.api, isIn), watchAlerts(studio)];
  return () => stops.forEach((stop) => stop());
}
