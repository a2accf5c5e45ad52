// The time, for "3 min ago": one timer for the whole page, moving while anything looks at it.
import { createSubscriber } from 'svelte/reactivity';

const subscribe = createSubscriber((update) => {
  const timer = setInterval(update, 10_000);
  return () => clearInterval(timer);
});

export function now(): number {
  subscribe();
  return Date.now();
}
