import { operations, type Payout, type Sending } from '../../roles/mint/payments/bitcoind/payout-store.ts';
import type { Database } from '../../runtime/sql/database.ts';

/** Rows that are read at once. */
const PAGE = 200;
/** Payouts that wait for a transaction and are listed at most. */
const MAX_WAITING = 1_000;

/** A payout that is neither paid nor given up. */
export interface OpenPayout {
  /** Its transaction's number; none yet where it waits for one. */
  readonly transaction: number | null;
  readonly quote: string;
  readonly sats: bigint;
  readonly address: string;
  /** When it was begun. */
  readonly since: string;
  /** Of the newest version that was made. */
  readonly txid: string | null;
  readonly stands: string;
}

/** All payouts under way, those in transactions first. @param height of the chain */
export function openPayouts(db: Database, height: number): OpenPayout[] {
  const { openSendings, waitingPayouts } = operations(db);
  const listed: OpenPayout[] = [];
  for (let after = 0; ; ) {
    const page = openSendings({ after, limit: PAGE });
    for (const sending of page)
      listed.push(...sending.payouts.map((payout) => inSending(payout, sending, height)));
    const last = page.at(-1);
    if (!last || page.length < PAGE) break;
    after = last.sending;
  }
  const waiting = { transaction: null, txid: null, stands: 'waits for a transaction' };
  listed.push(...waitingPayouts(MAX_WAITING).map((payout) => ({ ...factsOf(payout), ...waiting })));
  return listed;
}

function inSending(payout: Payout, { sending, versions, missingSince }: Sending, height: number): OpenPayout {
  const newest = versions.at(-1);
  return {
    ...factsOf(payout),
    transaction: sending,
    txid: newest?.txid ?? null,
    stands:
      missingSince === undefined
        ? `${newest?.isSent ? 'sent' : 'made'}, waits for its block`
        : `its coins are gone for ${Math.max(0, height - missingSince)} blocks`,
  };
}

function factsOf({ key, amount, address, addedAt }: Payout) {
  const [quote = key] = key.split('.');
  return { quote, sats: amount, address, since: new Date(addedAt).toISOString() };
}
