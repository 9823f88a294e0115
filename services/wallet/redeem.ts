import { type Estimate, estimateOf, type PaidEpoch } from '../../domain/epochs/estimate.ts';
import { type Price, redeemedSats } from '../../domain/epochs/price.ts';
import { REDEMPTION_UNIT } from '../../domain/epochs/redemption.ts';
import { HashpoolError, isHashpoolError } from '../../protocols/errors.ts';
import { inLots } from './in-lots.ts';
import type { MintEpoch } from './mint-epochs.ts';
import { isAway } from './mint-http.ts';
import { amountsOf } from './outputs.ts';
import { type Proof, sumOf } from './proofs.ts';
import { QuoteBatches } from './quote-batches.ts';
import type { Quote } from './quotes.ts';
import { type Parts, settle } from './settle.ts';
import { swapOwn } from './swap.ts';

/** Of a pool, by which what has no price yet is estimated. */
const LATEST_EPOCHS = 100;
/** Proofs in one request: the mint takes so many. */
const INPUTS = 1000;

/** Ehash of one epoch that has become sats. */
export interface Redeemed {
  readonly unit: string;
  readonly ehash: bigint;
  readonly sats: bigint;
}

/** What the wallet holds of an epoch, and what that is. */
export interface EpochBalance {
  readonly unit: string;
  readonly state: MintEpoch['state'];
  /** Tokens and quotes, in ehash. */
  readonly ehash: bigint;
  /** The part of it that the mint does not count as paid yet: a block is unknown, or not deep enough. */
  readonly unpaid: bigint;
  /** Heights; undefined while no block has closed it. */
  readonly redeemableFrom: number | undefined;
  readonly redeemableBefore: number | undefined;
  /** What it is worth, in sats; undefined before the price is fixed. */
  readonly sats: bigint | undefined;
  /** What it may be worth while there is no price. */
  readonly estimate: Estimate | undefined;
}

/** How the epochs stand that the wallet has ehash of. @throws HashpoolError 'mint-unreachable', 'mint-answer' */
export async function epochBalances(parts: Parts): Promise<EpochBalance[]> {
  const held = new Map<string, bigint>();
  const waiting = parts.quotes.sums();
  for (const { unit, amount } of [...parts.proofs.sums(), ...waiting])
    held.set(unit, (held.get(unit) ?? 0n) + amount);
  held.delete(REDEMPTION_UNIT);
  const found = await inLots([...held], async ([unit, ehash]) => {
    const epoch = await parts.mint.epochs.epoch(unit);
    return epoch ? [{ epoch, ehash }] : [];
  });
  const balances = found.flat();
  const past = await paidEpochs(
    parts,
    balances.map(({ epoch }) => epoch),
  );
  return balances.map(({ epoch, ehash }) => {
    const { unit, state, redeemableFrom, redeemableBefore, price } = epoch;
    const sats = price && ehash <= price.work ? redeemedSats(price, ehash) : undefined;
    const estimate = price ? undefined : estimated(epoch, ehash, past.get(epoch.poolId) ?? []);
    const unpaid = sumOf(waiting.filter((sum) => sum.unit === unit && sum.state === 'UNPAID'));
    return { unit, state, ehash, unpaid, redeemableFrom, redeemableBefore, sats, estimate };
  });
}

/** What the latest epochs of pools have paid, where one of theirs has no price yet. */
async function paidEpochs(parts: Parts, held: readonly MintEpoch[]): Promise<Map<string, PaidEpoch[]>> {
  const pools = new Set(held.filter(({ price }) => !price).map(({ poolId }) => poolId));
  const found = await Promise.all(
    [...pools].map(async (poolId) => {
      const latest = await parts.mint.epochs.latest(poolId, LATEST_EPOCHS);
      const paid = latest.flatMap(({ price, minimumDifficulty }) =>
        price ? [{ ...price, minimumDifficulty }] : [],
      );
      return [poolId, paid] as const;
    }),
  );
  return new Map(found);
}

function estimated(epoch: MintEpoch, ehash: bigint, past: readonly PaidEpoch[]): Estimate | undefined {
  const { state, expected, minimumDifficulty } = epoch;
  if (state === 'dissolved' || state === 'stranded') return undefined;
  if (!expected || ehash > expected.work) return estimateOf(ehash, minimumDifficulty, past);
  const sats = redeemedSats(expected, ehash);
  return { sats, low: sats, high: sats, epochs: 1 };
}

/**
 * Turns all ehash of an epoch into sats, or of every epoch that can be redeemed; one that is refused keeps no other from it.
 * @param wanted a unit, or the end of one; undefined for all
 * @throws HashpoolError 'not-redeemable' where the one that is named cannot be, 'unknown-unit', and those of `swapOwn`
 */
export async function redeem(parts: Parts, wanted: string | undefined): Promise<Redeemed[]> {
  const units = unitsOf(parts, wanted);
  const redeemed: Redeemed[] = [];
  let trouble: unknown;
  for (const unit of units) {
    try {
      const epoch = await parts.mint.epochs.epoch(unit);
      if (epoch?.state === 'redeemable' && epoch.price)
        redeemed.push(...(await redeemUnit(parts, epoch, epoch.price)));
      else if (wanted !== undefined) throw notRedeemable(unit, epoch);
    } catch (error) {
      if (!isHashpoolError(error)) throw error;
      trouble ??= error;
      if (isAway(error)) break;
    }
  }
  // What was redeemed is told first; the trouble stays, and is told the next time.
  if (trouble && redeemed.length === 0) throw trouble;
  return redeemed;
}

function unitsOf({ proofs, quotes, clock }: Parts, wanted: string | undefined): string[] {
  const tokens = proofs.sums().flatMap(({ unit, state }) => (state === 'unspent' ? [unit] : []));
  const waiting = quotes.mintableKinds(clock()).map(({ unit }) => unit);
  const units = [...new Set([...tokens, ...waiting])].filter((unit) => unit !== REDEMPTION_UNIT);
  if (wanted === undefined) return units;
  const [found, ...others] = units.filter((unit) => unit.endsWith(wanted));
  if (found !== undefined && others.length === 0) return [found];
  throw new HashpoolError(
    'unknown-unit',
    found === undefined
      ? `the wallet has no ehash of ${wanted} to redeem; balance shows what it has`
      : `${wanted} is the end of several units: name more of it`,
  );
}

async function redeemUnit(parts: Parts, { unit }: MintEpoch, price: Price): Promise<Redeemed[]> {
  const [tokens, quotes] = [await redeemTokens(parts, unit, price), await redeemQuotes(parts, unit, price)];
  const ehash = tokens.ehash + quotes.ehash;
  return ehash === 0n ? [] : [{ unit, ehash, sats: tokens.sats + quotes.sats }];
}

/** What of some ehash was redeemed, for how much. */
type Sums = Pick<Redeemed, 'ehash' | 'sats'>;

/** Quotes that were not minted while the epoch's keyset signed. */
async function redeemQuotes(parts: Parts, unit: string, price: Price): Promise<Sums> {
  const { quotes, journal } = parts;
  const batches = new QuoteBatches(parts, { method: 'ehash', unit });
  let ehash = 0n;
  let sats = 0n;
  const largest = await parts.mint.maxBatch();
  while (!parts.isClosing()) {
    const ids = batches.next(largest);
    const keyset = parts.keysets.activeFor(REDEMPTION_UNIT);
    let batch: readonly Quote[] = [];
    const operation = journal.begin({
      kind: 'redeem',
      keyset,
      claim: (id) => {
        batch = quotes.claim(ids, id);
        const taken = sumOf(batch);
        const worth = taken <= price.work ? redeemedSats(price, taken) : 0n;
        if (worth > 0n) return { amounts: amountsOf(worth), fee: 0n };
        quotes.giveBack(id);
        return undefined;
      },
    });
    if (!operation) break;
    const settled = await settle(parts, operation);
    if (!settled.done) {
      await batches.refused(batch, keyset, settled.refusal);
      continue;
    }
    batches.taken();
    ehash += sumOf(batch);
    sats += settled.amount;
  }
  return { ehash, sats };
}

/** The larger proofs first, as many at once as the mint takes: the fewer requests, the less is rounded off. */
async function redeemTokens(parts: Parts, unit: string, price: Price): Promise<Sums> {
  let ehash = 0n;
  let sats = 0n;
  while (!parts.isClosing()) {
    let taken: readonly Proof[] = [];
    const swapped = await swapOwn(parts, {
      kind: 'redeem',
      keyset: parts.keysets.activeFor(REDEMPTION_UNIT),
      unit,
      choose: (unspent) => {
        taken = unspent.slice(0, INPUTS);
        const worth = taken.length === 0 ? 0n : redeemedSats(price, sumOf(taken));
        return worth === 0n ? undefined : { inputs: taken, amounts: amountsOf(worth), fee: 0n };
      },
    }).catch((error: unknown) => {
      // What the seed has spent elsewhere is struck out; the rest is tried again.
      if (isHashpoolError(error, 'proofs-spent')) return 'again' as const;
      throw error;
    });
    if (swapped === 'again') continue;
    if (!swapped) break;
    ehash += sumOf(taken);
    sats += swapped.amount;
  }
  return { ehash, sats };
}

function notRedeemable(unit: string, epoch: MintEpoch | undefined): HashpoolError {
  const { state, redeemableFrom, redeemableBefore } = epoch ?? {};
  const why =
    state === 'maturing'
      ? `it can be redeemed from height ${redeemableFrom} on`
      : state === 'expired'
        ? `it could be redeemed before height ${redeemableBefore}`
        : state === undefined
          ? 'the mint knows no such epoch'
          : 'it can be redeemed 100 blocks after the block that closes it, and none has yet';
  return new HashpoolError('not-redeemable', `${unit}: ${why}`);
}
