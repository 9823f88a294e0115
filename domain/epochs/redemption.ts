import { sumOf } from '../../protocols/cashu/amount.ts';
import { cashuError } from '../../protocols/cashu/errors.ts';
import { type CheckedInputs, checkOutputs, type Input, type Keyset, type Output } from '../ledger/tokens.ts';
import { leastRedeemable, type Price, redeemedSats } from './price.ts';
import { COINBASE_MATURITY, hasPassed, type WindowedEpoch, windowOf } from './redemption-window.ts';

/** The unit that ehash is redeemed for. */
export const REDEMPTION_UNIT = 'sat';

/** What redeeming asks of an epoch. */
export interface RedeemableEpoch extends WindowedEpoch {
  readonly unit: string;
  /** Undefined before it is fixed. */
  readonly price: Price | undefined;
}

/** A request to redeem tokens. */
export interface RedemptionRequest {
  /** What the wallet takes its inputs to be of, where it says so. */
  readonly unit?: string | undefined;
  readonly inputs: readonly Input[];
  readonly outputs: readonly Output[];
}

/** What a request is checked against. */
export interface RedemptionRules {
  readonly keysets: ReadonlyMap<string, Keyset>;
  /** That of the inputs' unit. */
  readonly epoch: RedeemableEpoch;
  /** The chain's height. */
  readonly tip: number;
  /** Unix seconds. */
  readonly now: number;
}

/**
 * Whether ehash of one epoch may be redeemed for these outputs: its price is fixed and its window open, it is worth a
 * satoshi at least, and the outputs are sat ecash of just that worth.
 * @param ehash what is given, tokens or quotes
 * @returns what they are worth, in sats
 * @throws HashpoolError 'epoch-mismatch', 'epoch-open', 'epoch-maturing', 'epoch-expired', 'worth-nothing',
 * 'not-balanced', 'units-differ' and those of `checkOutputs`
 */
export function checkRedemption(
  { unit: wanted, outputs }: Pick<RedemptionRequest, 'unit' | 'outputs'>,
  { unit, sum }: Pick<CheckedInputs, 'unit' | 'sum'>,
  { keysets, epoch, tip, now }: RedemptionRules,
): bigint {
  if (wanted !== undefined && wanted !== unit) {
    const when = standingOf(epoch, tip);
    throw cashuError('epoch-mismatch', `inputs are of ${unit}, unit is ${wanted}; ${unit} ${when}`);
  }
  const sats = worthOf(epoch, sum, tip);
  const into = checkOutputs(outputs, keysets, now);
  if (into !== REDEMPTION_UNIT) {
    throw cashuError(
      'units-differ',
      `outputs are in ${into}; ehash is redeemed for ${REDEMPTION_UNIT}, take its active keyset of /v1/keysets`,
    );
  }
  const asked = sumOf(outputs.map(({ exponent }) => exponent));
  if (asked !== sats) {
    throw cashuError('not-balanced', `${sum} of ${unit} are worth ${sats} sat, outputs ask for ${asked}`);
  }
  return sats;
}

/** What `ehash` of an epoch are worth. @throws HashpoolError as `checkRedemption` */
function worthOf(epoch: RedeemableEpoch, ehash: bigint, tip: number): bigint {
  const { price, unit } = epoch;
  const window = windowOf(epoch);
  const about = `${unit} ${standingOf(epoch, tip)}`;
  if (!window) throw cashuError('epoch-open', about);
  if (!price) throw cashuError('epoch-maturing', about);
  if (hasPassed(window, tip)) throw cashuError('epoch-expired', about);
  const sats = redeemedSats(price, ehash);
  if (sats > 0n) return sats;
  const least = leastRedeemable(price);
  throw cashuError(
    'worth-nothing',
    least === undefined
      ? `${unit} was backed by nothing`
      : `${ehash} of ${unit} are not worth a sat, ${least} are; join them with more of it`,
  );
}

/** How an epoch stands, in words that say when it can be redeemed. */
function standingOf(epoch: RedeemableEpoch, tip: number): string {
  const window = windowOf(epoch);
  if (!window)
    return `can be redeemed ${COINBASE_MATURITY} blocks after the block that closes it; none has yet`;
  const { fromHeight, untilHeight } = window;
  if (tip < fromHeight) return `can be redeemed from height ${fromHeight} on; the chain is at ${tip}`;
  if (!epoch.price)
    return 'can be redeemed once its pool has delivered all shares of it, which is waited for';
  if (hasPassed(window, tip)) return `could be redeemed before height ${untilHeight}; the chain is at ${tip}`;
  return `can be redeemed before height ${untilHeight}`;
}
