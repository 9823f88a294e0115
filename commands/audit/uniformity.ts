/** A hash, and the zero bits that it was searched for. */
export interface FoundHash {
  /** 32 bytes, header order. */
  readonly hashLe: Uint8Array;
  readonly k: number;
}

/** With fewer, nothing can be told. */
const FEWEST = 20;
const SCALE_BITS = 64n;
/** ln(2 / 1e-6) / 2, in ten thousandths: an honest pool fails once in a million times. */
const CRITICAL = 72_544n;
const CRITICAL_SCALE = 10_000n;

/**
 * Whether hashes lie below their targets as chance would have them: each hash as a part of its target is spread evenly
 * between 0 and 1. By the test of Kolmogorov and Smirnov, at a level of one in a million, in integers.
 * @returns also true where they are too few to tell
 */
export function isSpreadEvenly(found: readonly FoundHash[]): boolean {
  if (found.length < FEWEST) return true;
  const count = BigInt(found.length);
  const whole = 1n << SCALE_BITS;
  const parts = found.map(partOfTarget).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const distances = parts.flatMap((part, i) => {
    const [below, above] = [(BigInt(i) * whole) / count, (BigInt(i + 1) * whole) / count];
    return [part - below, above - part];
  });
  const largest = distances.reduce((most, each) => (each > most ? each : most), 0n);
  return count * largest * largest * CRITICAL_SCALE <= CRITICAL << (2n * SCALE_BITS);
}

/** The hash divided by 2^(256-k), in parts of 2^64. */
function partOfTarget({ hashLe, k }: FoundHash): bigint {
  const hash = hashLe.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  return (hash << SCALE_BITS) >> BigInt(256 - k);
}
