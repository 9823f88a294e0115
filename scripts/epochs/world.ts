import { blockSubsidy } from '../../protocols/bitcoin/subsidy.ts';
import { normal, type Random } from './random.ts';

/** One ehash is 2^24 hashes, as is usual on mainnet. */
export const MINIMUM_DIFFICULTY = 24;

/** Hashes that a block of the network takes, about what they are in 2026. */
export const BLOCK_HASHES = 2 ** 79;

const BLOCK_SECONDS = 600;
const YEAR_SECONDS = 365 * 86_400;
const HEIGHT = 960_000;
/** Fees of a block: their median in sats, and how much they vary. */
const MEDIAN_FEES = 8_000_000;
const FEE_SPREAD = 0.8;
/** Shares a minute that a difficulty is chosen for: a power of two brings up to twice as many. */
const SHARES_PER_MINUTE = 6;

/** An epoch of the pool, as the chain left it. */
export interface SimulatedEpoch {
  readonly seconds: number;
  readonly rewardSats: bigint;
}

/** A miner, or several that mine alike. */
export interface Machine {
  /** Hashes a second. */
  readonly hashRate: number;
  /** Its shares prove 2^k hashes. */
  readonly k: number;
  /** It mines while an epoch is younger than this, in mean epochs, and for somebody else from then on. */
  readonly leavesAt?: number;
}

/** How the pool stands in the network. */
export interface Standing {
  /** The pool's part of all hashes. */
  readonly poolShare: number;
  /** The part of its blocks that a reorganization takes back. */
  readonly reorgs: number;
}

/**
 * A year of epochs. Blocks come by chance, fees vary, and a block that is taken back closes nothing: what was mined
 * for it and on it belongs to the epoch before.
 */
export function epochsOfYear({ poolShare, reorgs }: Standing, random: Random): SimulatedEpoch[] {
  const epochs: SimulatedEpoch[] = [];
  let opened = 0;
  for (let now = 0; ; ) {
    now -= Math.log(random()) * (BLOCK_SECONDS / poolShare);
    if (now > YEAR_SECONDS) return epochs;
    const fees = Math.round(MEDIAN_FEES * Math.exp(FEE_SPREAD * normal(random)));
    if (random() < reorgs) continue;
    epochs.push({ seconds: now - opened, rewardSats: blockSubsidy(HEIGHT, 'mainnet') + BigInt(fees) });
    opened = now;
  }
}

/** Seconds of a mean epoch. */
export function meanEpoch({ poolShare, reorgs }: Standing): number {
  return BLOCK_SECONDS / poolShare / (1 - reorgs);
}

/** Hashes a second of the whole pool. */
export function poolHashRate({ poolShare }: Standing): number {
  return (BLOCK_HASHES / BLOCK_SECONDS) * poolShare;
}

/** Miners of very different sizes that are the whole pool together. */
export function miners(count: number, standing: Standing, random: Random): Machine[] {
  const sizes = Array.from({ length: count }, () => Math.exp(1.5 * normal(random)));
  const whole = sizes.reduce((sum, size) => sum + size, 0);
  return sizes.map((size) => machine((size / whole) * poolHashRate(standing)));
}

/** A miner with the difficulty that suits it, or an easier one. @param easierBits by how many powers of two */
export function machine(hashRate: number, easierBits = 0): Machine {
  const suits = Math.floor(Math.log2((hashRate * 60) / SHARES_PER_MINUTE));
  return { hashRate, k: Math.max(MINIMUM_DIFFICULTY, suits - easierBits) };
}

/** Machines of one difficulty as one: the number of all their shares is as random as that of one of their size. */
export function crowd(machines: readonly Machine[]): Machine[] {
  const groups = Map.groupBy(machines, ({ k }) => k);
  return [...groups].map(([k, group]) => {
    return { k, hashRate: group.reduce((sum, { hashRate }) => sum + hashRate, 0) };
  });
}
