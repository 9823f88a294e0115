import { cashuError } from '../../../protocols/cashu/errors.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import type { JournalRules } from '../../../runtime/sql/journal/journal.ts';
import { boundaryOperations } from './boundaries.ts';
import { chainOperations } from './chain.ts';
import { coinbasePayoutOperations } from './coinbase-payouts.ts';
import { epochOperations } from './epochs.ts';
import { expiryOperations } from './expiry.ts';
import { forgettingOperations } from './forgetting.ts';
import { keysetOperations } from './keysets.ts';
import { latestEpochOperations } from './latest-epochs.ts';
import { leaseOperations } from './leases.ts';
import { lightningRewardOperations } from './lightning-rewards.ts';
import { lossOperations } from './losses.ts';
import { meltOperations } from './melts.ts';
import { mergeOperations } from './merging.ts';
import { paymentOperations } from './payments.ts';
import { payoutBalanceOperations } from './payout-balances.ts';
import { payoutCreditOperations } from './payout-credits.ts';
import { payoutKeyOperations } from './payout-keys.ts';
import { payoutReleaseOperations } from './payout-releases.ts';
import { pricingOperations } from './pricing.ts';
import { quoteOperations } from './quotes.ts';
import { redemptionOperations } from './redemptions.ts';
import { reportOperations } from './reports.ts';
import { stampOperations } from './stamps.ts';
import { figureOperations } from './tallies.ts';
import { tokenOperations } from './tokens.ts';
import { workOperations } from './work.ts';

export { schema } from './schema.ts';

/** Everything that the mint's store thread can do; each is all or nothing, and on the disk before it answers. */
export function operations(db: Database) {
  return {
    ...epochOperations(db),
    ...latestEpochOperations(db),
    ...boundaryOperations(db),
    ...mergeOperations(db),
    ...stampOperations(db),
    ...keysetOperations(db),
    ...quoteOperations(db),
    ...figureOperations(db),
    ...tokenOperations(db),
    ...pricingOperations(db),
    ...redemptionOperations(db),
    ...expiryOperations(db),
    ...reportOperations(db),
    ...payoutKeyOperations(db),
    ...payoutCreditOperations(db),
    ...payoutBalanceOperations(db),
    ...payoutReleaseOperations(db),
    ...coinbasePayoutOperations(db),
    ...workOperations(db),
    ...paymentOperations(db),
    ...meltOperations(db),
    ...forgettingOperations(db),
    ...leaseOperations(db),
    ...chainOperations(db),
    ...lightningRewardOperations(db),
    ...lossOperations(db),
    /** Answers while the thread lives and the database can be read. */
    ping: (_: null) => db.prepare('SELECT 1').get() !== undefined,
  };
}

export type MintOperations = ReturnType<typeof operations>;

type OperationName = keyof MintOperations;
const noted: readonly OperationName[] = [
  ...([
    'openFirstEpoch',
    'arrangeEpochs',
    'mergeEpochs',
    'rotateKeyset',
    'storeWork',
    'settle',
    'mint',
    'swap',
  ] as const),
  ...(['fixPrice', 'addRewardInvoice', 'closeByTip', 'redeem', 'expireEpoch', 'addReport'] as const),
  ...([
    'registerPayout',
    'creditPayouts',
    'payBalance',
    'holdBalances',
    'releaseHeld',
    'settleHeld',
    'releaseLost',
  ] as const),
  ...(['offerPayouts', 'settleCoinbase', 'undoCoinbase'] as const),
  ...(['addPaymentQuote', 'creditPayments', 'mintPaid', 'forgetMintQuotes', 'forgetMeltQuotes'] as const),
  ...(['addMelt', 'beginMelt', 'finishMelt', 'releaseMelt', 'noteMelt', 'settleInside'] as const),
];
/** Whoever claims a payment goes on to make it. */
const held: readonly OperationName[] = ['claimMelts'];

/**
 * The journal notes whatever signs, spends or promises, and what is forgotten of that. What follows from the chain, who looks after what, and which
 * server id is whose is found out again.
 */
export const journal: JournalRules = {
  noted: new Set(noted),
  held: new Set(held),
  refusal: (reason) => cashuError('signing-stopped', `it only reads: ${reason}`),
};
