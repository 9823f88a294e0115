import type { Templates } from './templates.ts';
import type { WorkSource } from './work-source.ts';

/** The template provider is looked after so often within the time that it may be away, but once in so many ms at least. */
const LOOKS = 10;
const MOST_MS = 5_000;

/**
 * Watches over the job that miners have: without the template provider nobody here learns of a new tip.
 * @param limitSec seconds that it may be away
 * @returns what ends the watch
 */
export function watchTemplates(
  templates: Pick<Templates, 'isServed'>,
  limitSec: number,
  work: Pick<WorkSource, 'loseTemplates'>,
): { close(): void } {
  const limitMs = limitSec * 1000;
  let seen = performance.now();
  const look = (): void => {
    const now = performance.now();
    if (templates.isServed) seen = now;
    else if (now - seen >= limitMs) work.loseTemplates();
  };
  const timer = setInterval(look, Math.min(MOST_MS, limitMs / LOOKS));
  return { close: () => clearInterval(timer) };
}
