// When the browser has nothing better to do. Safari cannot say, and gets a moment.
export function onIdle(work: () => void): () => void {
  if (typeof requestIdleCallback === 'function') {
    const handle = requestIdleCallback(work, { timeout: 2000 });
    return () => cancelIdleCallback(handle);
  }
  const handle = setTimeout(work, 100);
  return () => clearTimeout(handle);
}
