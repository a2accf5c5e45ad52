// What the page tells the studio of itself: errors soon after they happen, figures when it is hidden. Loaded on idle.
import { onCLS, onFCP, onINP, onLCP, onTTFB } from 'web-vitals/attribution';
import type { Api } from '$lib/api/client';
import { deviceOf } from './device';
import { Errors } from './errors';
import { Figures, isApiCall } from './figures';
import { Visits } from './visits';

const GATHER_MS = 2000;
const LONG_CALL_MS = 60_000; // longer ones are streams

// Told over fetch with keepalive, which lives on like a beacon and carries the session's token as a beacon cannot.
export function startReports(api: Api, isIn: () => boolean): () => void {
  const errors = new Errors();
  const figures = new Figures(deviceOf(window));
  const page = (): string => location.pathname;
  const tell = (path: string, body: unknown): void => {
    if (isIn() && navigator.onLine) void api.tell('POST', path, { body, keepalive: true }).catch(() => {});
  };

  let timer: ReturnType<typeof setTimeout> | undefined;
  const tellErrors = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const told = errors.take();
    if (told.length > 0) tell('/api/page-errors', { errors: told });
  };
  const caught = (thrown: unknown): void => {
    if (errors.add(thrown, page())) timer ??= setTimeout(tellErrors, GATHER_MS);
  };
  const onError = (event: ErrorEvent): void => caught(event.error ?? new Error(event.message));
  const onRejection = (event: PromiseRejectionEvent): void => caught(event.reason);

  const visits = new Visits(page());
  const landed = page();
  onLCP(({ id, value, attribution }) => figures.set(id, 'LCP', value, landed, attribution.target));
  onINP(({ id, value, attribution }) => figures.set(id, 'INP', value, visits.at(attribution.interactionTime), attribution.interactionTarget));
  onCLS(({ id, value, attribution }) => figures.set(id, 'CLS', value, visits.at(attribution.largestShiftTime), attribution.largestShiftTarget));
  onFCP(({ id, value }) => figures.set(id, 'FCP', value, landed));
  onTTFB(({ id, value }) => figures.set(id, 'TTFB', value, landed));
  const watch = (type: string, see: (entry: PerformanceEntry) => void): PerformanceObserver | null => {
    if (!PerformanceObserver.supportedEntryTypes.includes(type)) return null;
    const observer = new PerformanceObserver((list) => list.getEntries().forEach(see));
    observer.observe({ type, buffered: true });
    return observer;
  };
  const observers = [
    watch('longtask', ({ duration }) => figures.add('long_task', duration, page())),
    watch('measure', ({ name, startTime, duration }) => {
      if (name !== 'route') return;
      visits.moved(page(), startTime);
      figures.add('route_change', duration, page());
      performance.clearMeasures(name); // the browser keeps them otherwise
    }),
    watch('resource', (entry) => entry.duration < LONG_CALL_MS && isApiCall(entry as PerformanceResourceTiming, location.origin) && figures.add('api_call', entry.duration, page())),
  ];

  const onHidden = (): void => {
    if (document.visibilityState !== 'hidden') return;
    tellErrors();
    const heap = (performance as { memory?: { usedJSHeapSize: number } }).memory?.usedJSHeapSize;
    if (heap) figures.add('heap', heap, page());
    const told = figures.take();
    if (told.length > 0) tell('/api/page-figures', told);
  };
  addEventListener('error', onError);
  addEventListener('unhandledrejection', onRejection);
  // Last, so that the vitals have said what they know of a page that is hidden.
  addEventListener('visibilitychange', onHidden);
  return () => {
    clearTimeout(timer);
    observers.forEach((observer) => observer?.disconnect());
    removeEventListener('error', onError);
    removeEventListener('unhandledrejection', onRejection);
    removeEventListener('visibilitychange', onHidden);
  };
}
