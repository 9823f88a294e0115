import { HashpoolError } from '../../protocols/errors.ts';

/** A fee of a hundred per cent. */
export const WHOLE_PPM = 1_000_000;

/** An epoch that a reward backs. */
export interface BackedEpoch {
  /** The sum of all its quotes, minted or not, in ehash. */
  readonly work: bigint;
  /** One ehash of it is 2^minimumDifficulty hashes. */
  readonly minimumDifficulty: number;
  /** The operator's part, in millionths, as it was published when the epoch opened. */
  readonly feePpm: number;
}

/** What an epoch's ehash is worth: `payableSats` for `work`. The fraction is kept, so that it is exact. */
export interface Price {
  /** The epoch's part of the reward. */
  readonly rewardSats: bigint;
  /** The operator's part of that. */
  readonly feeSats: bigint;
  /** What is left for holders: reward less fee. */
  readonly payableSats: bigint;
  /** In ehash. */
  readonly work: bigint;
}

/**
 * The operator's part of a reward, rounded down in favour of the miners.
 * @param rewardSats what was received, in sats
 * @throws HashpoolError 'bad-price' where the rate is no integer of 0 to 1,000,000, or the reward negative
 */
export function feeOf(rewardSats: bigint, feePpm: number): bigint {
  if (!Number.isInteger(feePpm) || feePpm < 0 || feePpm > WHOLE_PPM) {
    throw bad(`the fee is ${feePpm} millionths; it must be an integer of 0 to ${WHOLE_PPM}`);
  }
  if (rewardSats < 0n) throw bad(`the reward is ${rewardSats} sats; it must not be negative`);
  return (rewardSats * BigInt(feePpm)) / BigInt(WHOLE_PPM);
}

/**
 * Divides a reward among the epochs that it backs by their hashes: one, or several that were merged. The parts are the
 * reward to the satoshi, and two epochs of equal work differ by one sat at most.
 * @param rewardSats what a block pays the pool and balances, in sats, and whatever was given besides
 * @returns a price for each epoch, in their order; where none has work, the last one has all, and nobody can redeem it
 * @throws HashpoolError 'bad-price' where a figure is negative or out of range, or there is no epoch
 */
export function priceEpochs(rewardSats: bigint, epochs: readonly BackedEpoch[]): Price[] {
  if (epochs.length === 0) throw bad('no epoch is named; a reward backs one at least');
  const negative = epochs.find(({ work }) => work < 0n);
  if (negative) throw bad(`an epoch's work is ${negative.work} ehash; it must not be negative`);
  const whole = epochs.reduce((sum, epoch) => sum + hashesOf(epoch), 0n);
  let hashesSoFar = 0n;
  let paidSoFar = 0n;
  return epochs.map((epoch, i) => {
    const { work, feePpm } = epoch;
    hashesSoFar += hashesOf(epoch);
    const isLast = i === epochs.length - 1;
    const upToHere = isLast ? rewardSats : floorShare(rewardSats, hashesSoFar, whole);
    const part = upToHere - paidSoFar;
    paidSoFar = upToHere;
    const feeSats = feeOf(part, feePpm);
    return { rewardSats: part, feeSats, payableSats: part - feeSats, work };
  });
}

/**
 * What a sum of ehash is worth, rounded down to the satoshi: so all redemptions together never pass what is payable,
 * and a sum that is split never brings more than the whole.
 * @param ehash in units of the epoch
 * @throws HashpoolError 'bad-price' where `ehash` is negative or more than the epoch's work
 */
export function redeemedSats({ payableSats, work }: Price, ehash: bigint): bigint {
  if (ehash < 0n || ehash > work) {
    throw bad(`${ehash} ehash are to be redeemed; the epoch has 0 to ${work}`);
  }
  return floorShare(payableSats, ehash, work);
}

/**
 * What rounding has kept back so far, in sats: the exact worth of all ehash redeemed, rounded down once, less what
 * was given for it piece by piece.
 * @param ehash all that was redeemed
 * @param sats all that was given for it
 */
export function dustSats(price: Price, ehash: bigint, sats: bigint): bigint {
  return redeemedSats(price, ehash) - sats;
}

/** The least ehash that is worth a satoshi; undefined where all of it is not. */
export function leastRedeemable({ payableSats, work }: Price): bigint | undefined {
  return payableSats === 0n || work === 0n ? undefined : (work + payableSats - 1n) / payableSats;
}

function hashesOf({ work, minimumDifficulty }: BackedEpoch): bigint {
  return work << BigInt(minimumDifficulty);
}

function floorShare(sats: bigint, part: bigint, whole: bigint): bigint {
  return whole === 0n ? 0n : (sats * part) / whole;
}

function bad(trouble: string): HashpoolError {
  return new HashpoolError('bad-price', trouble);
}
