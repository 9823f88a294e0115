/**
 * Preloaded into the pool by its launcher, with --expose-gc: answers `{ measure: true }` with what is on the heap once
 * all garbage is gone. The pool itself knows nothing of it.
 */
process.on('message', (message) => {
  if (typeof message !== 'object' || message === null || !('measure' in message)) return;
  globalThis.gc?.();
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
  process.send?.({ measured: { heapUsed, external, arrayBuffers, rss } });
});
