import type { Scanner } from './floor.ts';

const TRIAL_HASHES = 100_000;
/** The best of so many counts: code is slow when it first runs, and others may be busy. */
const TRIALS = 4;
const HEADER = new Uint8Array(80);
/** More than any hash has. */
const NEVER = 256;

/**
 * Hashes per second that so many threads make together, measured in some tenths of a second.
 * @param now milliseconds
 */
export async function calibrate(
  scan: Scanner,
  threads: number,
  now: () => number = () => performance.now(),
): Promise<number> {
  const trial = { header: HEADER, first: 0, count: TRIAL_HASHES, bits: NEVER };
  let shortestMs = Number.POSITIVE_INFINITY;
  for (let run = 0; run < TRIALS; run++) {
    const startedAt = now();
    await Promise.all(Array.from({ length: threads }, () => scan(trial)));
    shortestMs = Math.min(shortestMs, now() - startedAt);
  }
  return (1000 * TRIAL_HASHES * threads) / shortestMs;
}
