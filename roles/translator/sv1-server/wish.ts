import { powerTarget, targetToLeBytes } from '../../../protocols/bitcoin/target.ts';

/** What pools are told of a miner's speed and of the easiest target it wants. */
export interface DifficultyWish {
  /** Hashes per second. */
  readonly nominalHashRate: number;
  /** 32 bytes, little-endian. */
  readonly maximumTargetLe: Uint8Array;
}

export interface DifficultySettings {
  /** Hashes per second assumed of a miner that says nothing. */
  readonly minIndividualMinerHashrate: number;
  readonly sharesPerMinute: number;
  /** Easiest exponent of hashes per share for a miner that does not ask for less. */
  readonly easiestBits: number;
}

/**
 * A suggestion's hash rate is told a quarter low: the pool reckons the target from it and rounds, and must not end
 * harder than what was asked. What binds is the maximum target; from there the pool follows the real rate.
 */
const UNDERSTATED = 0.75;

/** @param bits the exponent a miner asked for, or undefined where it did not */
export function difficultyWish(bits: number | undefined, settings: DifficultySettings): DifficultyWish {
  if (bits === undefined) {
    return {
      nominalHashRate: settings.minIndividualMinerHashrate,
      maximumTargetLe: targetToLeBytes(powerTarget(settings.easiestBits)),
    };
  }
  return {
    nominalHashRate: (UNDERSTATED * 2 ** bits * settings.sharesPerMinute) / 60,
    maximumTargetLe: targetToLeBytes(powerTarget(bits)),
  };
}
