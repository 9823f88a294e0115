import { useEffect, useState } from 'preact/hooks';

/** What this browser's clock is ahead of the service's, in milliseconds. */
let ahead = 0;

/** Less than this is the way of an answer and what `Date` headers leave out. */
const SMALL_MS = 2_500;

/** Ages are told by the service's clock, which wrote the times, whatever this machine's clock says. */
export function serviceTimeIs(milliseconds: number): void {
  const difference = Date.now() - milliseconds;
  ahead = Math.abs(difference) < SMALL_MS ? 0 : difference;
}

/** Milliseconds since 1970 by the service's clock. */
export function now(): number {
  return Date.now() - ahead;
}

/** The time, which draws the component anew every `interval` milliseconds. */
export function useNow(interval: number): number {
  const [time, setTime] = useState(now);
  useEffect(() => {
    const timer = setInterval(() => setTime(now()), interval);
    return () => clearInterval(timer);
  }, [interval]);
  return Math.max(time, now());
}
