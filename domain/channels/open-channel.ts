import { exponentAtMost, leBytesToTarget } from '../../protocols/bitcoin/target.ts';
import { MAX_AMOUNT_EXPONENT, MAX_TARGET_EXPONENT } from '../../protocols/ehash/amount.ts';
import { isNominalHashRate } from '../../protocols/sv2/mining.ts';
import { MIN_ROLLABLE_BYTES } from '../extranonce/allocator.ts';
import { mostRollable, OWN_COINBASE } from '../extranonce/layout.ts';
import { clientRange, type DifficultyLimit } from '../vardiff/difficulty-limits.ts';
import { type ExponentRange, fixedExponent, startingExponent } from '../vardiff/vardiff.ts';

/** What messages can carry of an extranonce (B0_32): more is unsupported by any server. */
const MAX_EXTRANONCE_BYTES = 32;

/** Error codes of `OpenMiningChannel.Error` that the request's own fields can bring about. */
export type OpenError =
  | 'invalid-nominal-hashrate'
  | 'max-target-out-of-range'
  | 'min-extranonce-size-too-large'
  | 'unsupported-min-extranonce-size';

/** Error codes of `UpdateChannel.Error`. */
export type UpdateError = 'invalid-channel-id' | 'invalid-nominal-hashrate' | 'max-target-out-of-range';

/** A client's wishes as this pool can meet them. */
export interface Grant {
  readonly k: number;
  /** The smallest exponent that the client's maximum target allows. */
  readonly clientFloor: number;
  readonly rollableBytes: number;
}

/** What the pool knows of a client before it opens a channel. */
export interface KnownClient {
  readonly difficultyLimit?: DifficultyLimit | undefined;
  /** The exponent that its shares proved on an earlier connection. */
  readonly proven?: number | undefined;
  /** Whether it wants to stay at its maximum target. */
  readonly isFixed?: boolean;
  /** Extranonce bytes that any client can be given to roll. */
  readonly mostRollable?: number;
}

/**
 * The exponents a pool can pay: at least `minimum_difficulty`, and no share above the largest amount.
 * @param minimumDifficulty of the mint's terms
 */
export function payableExponents(minimumDifficulty: number): ExponentRange {
  return {
    floor: minimumDifficulty,
    ceiling: Math.min(MAX_TARGET_EXPONENT, minimumDifficulty + MAX_AMOUNT_EXPONENT),
  };
}

/**
 * Judges `OpenExtendedMiningChannel` by rate, target and extranonce, and `OpenStandardMiningChannel`, which wishes
 * for no extranonce, by the first two.
 * @returns what is granted, or the error code
 */
export function judgeOpen(
  request: {
    readonly nominal_hash_rate: number;
    readonly max_target: Uint8Array;
    readonly min_extranonce_size?: number;
  },
  sharesPerMinute: number,
  range: ExponentRange,
  {
    difficultyLimit,
    proven,
    isFixed = false,
    mostRollable: most = mostRollable(OWN_COINBASE),
  }: KnownClient = {},
): Grant | OpenError {
  if (!isNominalHashRate(request.nominal_hash_rate)) return 'invalid-nominal-hashrate';
  const clientFloor = smallestExponent(request.max_target);
  if (clientFloor === undefined || clientFloor > range.ceiling) return 'max-target-out-of-range';
  const rollableBytes = grantedBytes(request.min_extranonce_size, most);
  if (typeof rollableBytes === 'string') return rollableBytes;
  const own = clientRange(range, clientFloor, difficultyLimit);
  return {
    k: isFixed
      ? fixedExponent(own, proven)
      : startingExponent(request.nominal_hash_rate, sharesPerMinute, own, proven),
    clientFloor,
    rollableBytes,
  };
}

/** The extranonce bytes that a client gets to roll, or why it can't have that many. */
function grantedBytes(wanted: number | undefined, most: number): number | OpenError {
  if (wanted === undefined) return 0;
  if (wanted > MAX_EXTRANONCE_BYTES) return 'unsupported-min-extranonce-size';
  if (wanted > most) return 'min-extranonce-size-too-large';
  return Math.max(wanted, Math.min(MIN_ROLLABLE_BYTES, most));
}

/**
 * Judges `UpdateChannel`.
 * @param range exponents that are paid, undefined where none are known yet
 * @returns the smallest exponent that the new maximum target allows, or the error code
 */
export function judgeUpdate(
  update: { readonly nominal_hash_rate: number; readonly maximum_target: Uint8Array },
  range: ExponentRange | undefined,
): number | UpdateError {
  if (!range) return 'invalid-channel-id';
  if (!isNominalHashRate(update.nominal_hash_rate)) return 'invalid-nominal-hashrate';
  const clientFloor = smallestExponent(update.maximum_target);
  return clientFloor === undefined || clientFloor > range.ceiling ? 'max-target-out-of-range' : clientFloor;
}

/**
 * The exponent of a maximum target, the next harder one where that is no power of two.
 * @returns undefined for target 0, which no hash meets
 */
function smallestExponent(targetLe: Uint8Array): number | undefined {
  const target = leBytesToTarget(targetLe);
  return target === 0n ? undefined : exponentAtMost(target);
}
