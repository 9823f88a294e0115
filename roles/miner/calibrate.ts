import type { Scanner } from './floor.ts';

const TRIAL_HASHES = 200_000;
const HEADER = new Uint8Array(80);
/** More than any hash has. */
const NEVER = 256;

/** Hashes per second that so many threads make together, measured in some tenths of a second. */
export async function calibrate(scan: Scanner, threads: number): Promise<number> {
  const trial = { header: HEADER, first: 0, count: TRIAL_HASHES, bits: NEVER };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: threads }, () => scan(trial)));
  return (1000 * TRIAL_HASHES * threads) / (performance.now() - startedAt);
}
