import { monitorEventLoopDelay } from 'node:perf_hooks';

/**
 * Preloaded into the pool by its launcher, with --expose-gc: answers `{ measure: true }` with what is on the heap once
 * all garbage is gone, and how long its thread was busy at the longest since it was last asked. The pool itself knows
 * nothing of it.
 */
const delays = monitorEventLoopDelay({ resolution: 10 });
delays.enable();

process.on('message', (message) => {
  if (typeof message !== 'object' || message === null || !('measure' in message)) return;
  const stallMs = delays.max / 1e6;
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  process.send?.({ measured: { heapUsed, external, rss, stallMs } });
  delays.reset();
});
