// Tells administrators of alerts wherever they are: a mark beside the page of performance, and a few words when one fires.
import type { AlertNotice, AlertPage } from '$lib/api/alert-types';
import { wordsOf } from '$lib/i18n/messages';
import type { Studio } from '$lib/state/studio.svelte';
import en from './watch.en.json';

const t = wordsOf(en);
const TOLD_MAX = 50;

export function watchAlerts(studio: Studio): () => void {
  const told: string[] = []; // a notice comes twice: at once, and once it is kept
  const isAdmin = (): boolean => studio.session.now?.role === 'admin' && !studio.session.mustSignIn;
  const read = async (): Promise<void> => {
    if (!isAdmin()) return;
    try {
      studio.alerts = await studio.api.call<AlertPage>('GET', '/api/performance/alerts?state=firing&limit=1');
    } catch {
      // The next notice, or the next connection, asks again.
    }
  };
  const tell = (notice: AlertNotice): void => {
    if (told.includes(notice.id)) return;
    told.push(notice.id);
    if (told.length > TOLD_MAX) told.shift();
    void read();
    if (studio.router.path === '/performance' || (notice.fired.length === 0 && notice.more === 0)) return;
    studio.toasts.show({
      tone: notice.fired.some(({ severity }) => severity === 'page') ? 'bad' : 'plain',
      text: notice.headline.split(/(?<=\.) /)[0]!, // the rest is a press away
      detail: notice.more > 0 ? t('more', { count: notice.more }) : '',
      action: { label: t('look'), run: () => studio.router.go('/performance') },
    });
  };
  const stops = [
    studio.hub.listen((events) => events.forEach((event) => event.type === 'alert.changed' && tell(event.data))),
    studio.hub.onFresh(() => void read()),
  ];
  void read();
  return () => stops.forEach((stop) => stop());
}
