import type { Source } from './source.ts';
import type { WorkFeed } from './work-feed.ts';

/** The source of work is looked after so often within the time that it may be away, but once in so many ms at least. */
const LOOKS = 10;
const MOST_MS = 5_000;

/**
 * Watches over the job that miners have: without template provider or upstream nobody here learns of a new tip.
 * @param limitSec seconds that it may be away
 * @returns what ends the watch
 */
export function watchSource(
  source: Pick<Source, 'isServed'>,
  limitSec: number,
  feed: Pick<WorkFeed, 'loseSource'>,
): { close(): void } {
  const limitMs = limitSec * 1000;
  let seen = performance.now();
  const look = (): void => {
    const now = performance.now();
    if (source.isServed) seen = now;
    else if (now - seen >= limitMs) feed.loseSource();
  };
  const timer = setInterval(look, Math.min(MOST_MS, limitMs / LOOKS));
  return { close: () => clearInterval(timer) };
}
