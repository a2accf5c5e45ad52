export type Device = 'phone' | 'tablet' | 'desktop';

// By what people touch it with and how much room it has.
export function deviceOf(window: Pick<Window, 'matchMedia'>): Device {
  if (!window.matchMedia('(pointer: coarse)').matches) return 'desktop';
  return window.matchMedia('(min-width: 720px)').matches ? 'tablet' : 'phone';
}
