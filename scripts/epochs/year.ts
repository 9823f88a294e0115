import { type Price, priceEpochs, redeemedSats } from '../../domain/epochs/price.ts';
import { type EhashPolicy, ehashAmount } from '../../protocols/ehash/amount.ts';
import { heads, poisson, type Random } from './random.ts';
import { type Machine, MINIMUM_DIFFICULTY, meanEpoch, type SimulatedEpoch, type Standing } from './world.ts';

/** What a year brought a miner that was followed. */
export interface Earned {
  readonly machine: Machine;
  readonly sats: bigint;
  /** The same without rounding. */
  readonly exactSats: number;
  readonly hashes: number;
  /** What its part of all hashes was worth, and by how much chance moves that: one standard deviation. */
  readonly expectedSats: number;
  readonly deviation: number;
}

/** A year, and where its sats went. */
export interface Year {
  readonly earned: readonly Earned[];
  readonly rewardSats: bigint;
  readonly feeSats: bigint;
  /** Given to those who were followed. */
  readonly paidSats: bigint;
  /** What is left to those who were not, and dust. */
  readonly leftSats: bigint;
}

export interface YearOptions {
  readonly policy: EhashPolicy;
  readonly standing: Standing;
  readonly epochs: readonly SimulatedEpoch[];
  /** Miners who redeem, each by himself, epoch after epoch. */
  readonly followed: readonly Machine[];
  /** The rest of the pool, as groups. */
  readonly others: readonly Machine[];
  readonly feePpm: number;
}

const HASH_BITS = 256;
/** No hash of a year shows more zero bits than this. */
const MOST_BITS = 128;

/**
 * A year of the pool through the rules that the mint goes by: shares are paid by `ehashAmount`, epochs priced by
 * `priceEpochs`, and each miner redeems all that he has of each epoch by `redeemedSats`.
 */
export function simulateYear(options: YearOptions, random: Random): Year {
  const { policy, standing, epochs, followed, others, feePpm } = options;
  const mean = meanEpoch(standing);
  const amounts = amountsOf(policy);
  const sats = followed.map(() => 0n);
  const exact = followed.map(() => 0);
  const tracks = followed.map(() => ({ hashes: 0, expected: 0, variance: 0 }));
  const totals = { reward: 0n, fee: 0n, paid: 0n };
  for (const { seconds, rewardSats } of epochs) {
    const time = ({ leavesAt = Number.POSITIVE_INFINITY }: Machine) => Math.min(seconds, leavesAt * mean);
    const mined = followed.map((each) => ehashOf(each, time(each), amounts, random));
    const rest = others.map((each) => ehashOf(each, time(each), amounts, random));
    const work = [...mined, ...rest].reduce((sum, each) => sum + each, 0n);
    const price = onePrice(
      priceEpochs(rewardSats, [{ work, minimumDifficulty: MINIMUM_DIFFICULTY, feePpm }]),
    );
    const given = mined.map((ehash) => redeemedSats(price, ehash));
    const chance = chanceOf([...followed, ...others], time);
    given.forEach((each, i) => {
      sats[i] = (sats[i] ?? 0n) + each;
      totals.paid += each;
      exact[i] = (exact[i] ?? 0) + (Number(price.payableSats) * Number(mined[i] ?? 0n)) / Number(work);
    });
    followed.forEach((each, i) => {
      const track = tracks[i];
      if (track) chance(each, Number(price.payableSats), track);
    });
    totals.reward += price.rewardSats;
    totals.fee += price.feeSats;
  }
  return {
    earned: followed.map((machine, i) => ({
      machine,
      sats: sats[i] ?? 0n,
      exactSats: exact[i] ?? 0,
      hashes: tracks[i]?.hashes ?? 0,
      expectedSats: tracks[i]?.expected ?? 0,
      deviation: Math.sqrt(tracks[i]?.variance ?? 0),
    })),
    rewardSats: totals.reward,
    feeSats: totals.fee,
    paidSats: totals.paid,
    leftSats: totals.reward - totals.fee - totals.paid,
  };
}

/** How far a miner's pay, before it is rounded, is from what his part of the hashes was worth, in standard deviations. */
export function errorOf({ exactSats, expectedSats, deviation }: Earned): number {
  return (exactSats - expectedSats) / deviation;
}

/** What rounding has kept back, in sats: less than one for each redemption. */
export function roundedOff({ exactSats, sats }: Earned): number {
  return exactSats - Number(sats);
}

/**
 * What a miner may expect of an epoch where shares are paid by their target: his part of the hashes; and its variance, of his
 * own number of shares and of everybody's.
 */
function chanceOf(machines: readonly Machine[], time: (machine: Machine) => number) {
  let hashes = 0;
  let spread = 0;
  for (const each of machines) {
    const done = each.hashRate * time(each);
    hashes += done;
    spread += done * 2 ** each.k;
  }
  return (each: Machine, payable: number, into: { hashes: number; expected: number; variance: number }) => {
    const done = each.hashRate * time(each);
    const part = done / hashes;
    into.hashes += done;
    into.expected += payable * part;
    const own = (part * (1 - 2 * part) * 2 ** each.k) / hashes;
    into.variance += payable ** 2 * (own + (part ** 2 * spread) / hashes ** 2);
  };
}

/** What a machine's shares of some seconds come to, in ehash. */
function ehashOf(
  { hashRate, k }: Machine,
  seconds: number,
  amounts: (k: number) => readonly bigint[],
  random: Random,
): bigint {
  const shares = poisson((hashRate * seconds) / 2 ** k, random);
  const [each = 0n, ...harder] = amounts(k);
  if (harder.length === 0) return BigInt(shares) * each;
  // Of the shares with a number of zero bits, every second one has one more.
  let sum = 0n;
  let left = shares;
  for (const amount of [each, ...harder]) {
    if (left === 0) break;
    const more = heads(left, random);
    sum += BigInt(left - more) * amount;
    left = more;
  }
  return sum;
}

/** What shares of a difficulty are worth: one amount, or by policy `hash` one for each number of zero bits from k on. */
function amountsOf(policy: EhashPolicy): (k: number) => readonly bigint[] {
  const known = new Map<number, readonly bigint[]>();
  return (k) => {
    const found = known.get(k);
    if (found) return found;
    const bits = policy === 'target' ? [k] : Array.from({ length: MOST_BITS - k }, (_, i) => k + i);
    const amounts = bits.map((zeros) => ehashAmount(policy, MINIMUM_DIFFICULTY, k, hashWith(zeros)));
    known.set(k, amounts);
    return amounts;
  };
}

/** A hash of so many leading zero bits, 32 bytes, as SHA-256d puts it out. */
function hashWith(zeros: number): Uint8Array {
  const hash = new Uint8Array(32);
  const bit = HASH_BITS - 1 - zeros;
  hash[Math.floor(bit / 8)] = 1 << (bit % 8);
  return hash;
}

function onePrice([price]: readonly Price[]): Price {
  if (!price) throw new Error('an epoch that is priced has a price');
  return price;
}
