import type { Schema } from '../../../runtime/sql/database.ts';
import { epochsAndQuotes } from './migrations/01-epochs-and-quotes.ts';
import { leases } from './migrations/02-leases.ts';
import { payments } from './migrations/03-payments.ts';
import { chain } from './migrations/04-chain.ts';
import { witnesses } from './migrations/05-witnesses.ts';
import { tallies } from './migrations/06-tallies.ts';
import { journal } from './migrations/07-journal.ts';
import { poolHours } from './migrations/08-pool-hours.ts';
import { quotesInOrder } from './migrations/09-quotes-in-order.ts';
import { paymentsOfKeys } from './migrations/10-payments-of-keys.ts';
import { quotesToForget } from './migrations/11-quotes-to-forget.ts';
import { epochs } from './migrations/12-epochs.ts';
import { redemptions } from './migrations/13-redemptions.ts';
import { merges } from './migrations/14-merges.ts';
import { unredeemed } from './migrations/15-unredeemed.ts';
import { autoPayout } from './migrations/16-auto-payout.ts';
import { gifts } from './migrations/17-gifts.ts';
import { reports } from './migrations/18-reports.ts';
import { coinbasePayouts } from './migrations/19-coinbase-payouts.ts';
import { signingKeysets } from './migrations/20-keysets.ts';
import { lightningRewards } from './migrations/21-lightning-rewards.ts';
import { payoutReleases } from './migrations/22-payout-releases.ts';

/**
 * The mint's tables. Rows are narrow, keyed by rowid, and everything that must happen once is a UNIQUE column.
 *
 * What is written when, and what a crash leaves behind. Each line is one transaction, synchronous=FULL; nothing
 * is answered before its line is on the disk, and what was signed for a transaction that fails is thrown away.
 *
 * | order | step                             | a crash right after it leaves                                      |
 * |-------|----------------------------------|--------------------------------------------------------------------|
 * | W1    | work arrives, is checked         | nothing; the pool's outbox sends it again                          |
 * | W2    | quotes, refusals, stored_seq     | the quotes; the same records again give the same quotes            |
 * | W3    | WorkAck                          | the pool knows, and drops nothing before a backup covers it        |
 * | M1    | NUT-20 checked, outputs signed   | nothing; the quote is still PAID, the signatures never left memory |
 * | M2    | quotes ISSUED and signatures     | an answer that got lost; NUT-09 gives the signatures again         |
 * | M3    | signatures answered              | nothing to do                                                      |
 * | S1    | proofs checked, outputs signed   | nothing; the proofs are still unspent                              |
 * | S2    | Ys spent and signatures          | an answer that got lost; NUT-09 gives the signatures again         |
 * | S3    | signatures answered              | nothing to do                                                      |
 * | P1    | a backend makes a request        | nothing; nobody was told of it                                     |
 * | P2    | mint quote, then answered        | the quote, which nobody may have heard of                          |
 * | P3    | the backend tells of a payment   | nothing; the watermark has not moved, and it tells of it again     |
 * | P4    | receipts, quotes paid, watermark | a quote that is PAID; who asks for its state is told               |
 * | P5    | NUT-20 checked, outputs signed   | nothing; the quote is still PAID, the signatures never left memory |
 * | P6    | amount issued and signatures     | an answer that got lost; NUT-09 gives the signatures again         |
 * | L1    | proofs and blank outputs checked | nothing; the proofs are still unspent                              |
 * | L2    | quote PENDING, both held         | a key that the backend never heard of: the next start pays it      |
 * | L3    | the backend pays                 | the key of a payment that was made: the next start looks it up     |
 * | L4    | change signed                    | the same; the signatures never left memory                         |
 * | L5    | PAID, Ys spent, change           | an answer that got lost; the quote's state gives proof and change  |
 * | L6    | or UNPAID, proofs free           | an answer that got lost; the quote's state says so                 |
 * | I1    | melt of an own quote: as L1, L4  | nothing; the proofs are still unspent                              |
 * | I2    | as P4, L2 and L5 in one          | an answer that got lost; the states of both quotes give it         |
 * | G1    | an invoice for a reward          | the invoice, which its operator is told when he asks               |
 * | G3    | closed, priced, the next open    | epochs that nobody was told of; the next start reads them          |
 * | A1    | quotes AUTO_PAID and credited    | a part of what is due; the next turn goes on with the rest         |
 * | A2    | sats held, quote PENDING         | as L2: a key that the backend never heard of                       |
 * | A3    | as L3, then PAID or given back   | as L3; what the fee did not take is in the balance again           |
 * | E1    | blocks left, blocks followed     | payments without a segment: work on them waits for E2              |
 * | E2    | epochs and segments laid out     | epochs that nobody was told of; the next start reads them          |
 * | E3    | terms told to the pools          | nothing to do; each link is told when it comes up                  |
 * | E4    | a merge, where one is asked for  | the same as E2; the request that is done asks for nothing          |
 * | C1    | balances held for coinbases      | balances that no pool was told of; the next look tells of them     |
 * | C2    | what blocks on the tip shall pay | a set that no pool was told of; the next look tells it             |
 * | C3    | a final block's payments settled | nothing to do; the same block is not settled again                 |
 * | C4    | or undone, as the chain left it  | balances that are held again; the next look tells of them          |
 *
 * tests/faults kills the mint at the end of each line from M1 on that writes or calls: see `faultPoint`.
 *
 * Where a journal is kept, each line with a 2 is on the disk in the journal before it is in the database; the table of
 * runtime/sql/journal/journal.ts says what a crash between the two leaves.
 *
 * Epochs own segments, one for each block that pays the pool, and segments own quotes: what a reorg moves is a
 * segment's row, see domain/epochs/layout.ts. Whether a quote is PAID stands in `epochs.is_final` and nowhere else.
 *
 * E1 is not journalled, E2 and E4 are: what the chain says is an input of E2, and an older copy that was brought up to date
 * leaves its epochs alone until it has followed the chain to where they opened.
 */
export const schema: Schema = {
  name: 'mint',
  migrations: [
    epochsAndQuotes,
    leases,
    payments,
    chain,
    witnesses,
    tallies,
    journal,
    poolHours,
    quotesInOrder,
    paymentsOfKeys,
    quotesToForget,
    epochs,
    redemptions,
    merges,
    unredeemed,
    autoPayout,
    gifts,
    reports,
    coinbasePayouts,
    signingKeysets,
    lightningRewards,
    payoutReleases,
  ],
};
