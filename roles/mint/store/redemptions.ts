import type { Price } from '../../../domain/epochs/price.ts';
import { redeemedSats } from '../../../domain/epochs/price.ts';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import { runSteps } from '../../../runtime/sql/together.ts';
import { ledgerWrites, type SignatureRow, type SpentRow } from './ledger.ts';
import { postings } from './postings.ts';
import { bigInteger, integer, text } from './row.ts';
import { quoteIssuing } from './tokens.ts';

/** What was redeemed of an epoch so far. */
export interface Redeemed {
  readonly ehash: bigint;
  readonly sats: bigint;
  /** The number of redemptions. */
  readonly n: number;
  /** The part of both that was credited to keys that are paid without a wallet. */
  readonly autoEhash: bigint;
  readonly autoSats: bigint;
}

/** What is redeemed of an epoch at once. */
export interface RedeemedPart {
  readonly epoch: number;
  readonly ehash: bigint;
  readonly sats: bigint;
  /** Where the sats go: sat ecash, or balances of keys that are paid without a wallet. */
  readonly taker: 'sat' | 'payouts';
}

/** A redemption that was checked and signed. */
export interface RedemptionWrite {
  readonly epoch: number;
  readonly ehash: bigint;
  readonly sats: bigint;
  readonly spent: readonly SpentRow[];
  /** Quotes that are redeemed without ever having been minted, and the row of the epoch's keyset. */
  readonly quotes?: { readonly ids: readonly Uint8Array[]; readonly keyset: number };
  readonly signatures: readonly SignatureRow[];
}

const NOTHING: Redeemed = { ehash: 0n, sats: 0n, n: 0, autoEhash: 0n, autoSats: 0n };

/**
 * Notes what is given for an epoch's ehash, in its sums and in the books.
 * Preconditions: the epoch's price is fixed and the epoch not ended; all that was ever redeemed of it, this included, is no
 * more than its reward less the fee, for no more than its work.
 * @returns notes one part; it throws HashpoolError 'epoch-maturing', 'epoch-expired', 'reward-exhausted'
 */
export function redeeming(db: Database): (part: RedeemedPart) => void {
  const post = postings(db);
  const redeemed = redeemedOf(db);
  const priceOf = db.prepare(
    'SELECT priced_reward, priced_fee, priced_work FROM epochs WHERE epoch = ? AND priced_height IS NOT NULL',
  );
  const isOver = db.prepare('SELECT 1 FROM redemptions WHERE epoch = ? AND expired_height IS NOT NULL');
  const set = db.prepare(`
    INSERT INTO redemptions (epoch, ehash, sats, n, auto_ehash, auto_sats) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (epoch) DO UPDATE SET ehash = excluded.ehash, sats = excluded.sats, n = excluded.n,
      auto_ehash = excluded.auto_ehash, auto_sats = excluded.auto_sats`);

  function pricedAt(epoch: number): Price {
    const row = priceOf.get(epoch);
    if (!row) throw cashuError('epoch-maturing', 'its price is not fixed yet; ask again later');
    const [rewardSats, feeSats] = [BigInt(integer(row, 'priced_reward')), BigInt(integer(row, 'priced_fee'))];
    return { rewardSats, feeSats, payableSats: rewardSats - feeSats, work: BigInt(text(row, 'priced_work')) };
  }

  return ({ epoch, ehash, sats, taker }) => {
    const price = pricedAt(epoch);
    const before = redeemed(epoch);
    if (isOver.get(epoch)) throw cashuError('epoch-expired', 'its window has just passed');
    const after = { ehash: before.ehash + ehash, sats: before.sats + sats };
    if (after.ehash > price.work || after.sats > redeemedSats(price, after.ehash)) {
      throw cashuError(
        'reward-exhausted',
        `${before.sats} of ${price.payableSats} sats were redeemed, ${sats} more are too many; its operator has to look into it`,
      );
    }
    const isAuto = taker === 'payouts';
    const autoEhash = String(before.autoEhash + (isAuto ? ehash : 0n));
    const autoSats = before.autoSats + (isAuto ? sats : 0n);
    set.run(epoch, String(after.ehash), after.sats, before.n + 1, autoEhash, autoSats);
    post(epoch, 'ehash', taker, sats);
  };
}

/** Turns ehash of priced epochs into sat ecash, and tells how much was. */
export function redemptionOperations(db: Database) {
  const { spending, signing } = ledgerWrites(db);
  const issuing = quoteIssuing(db);
  const redeem = redeeming(db);

  return {
    /** What was redeemed of an epoch. */
    redeemed: redeemedOf(db),

    /**
     * R2: ehash becomes spent, or quotes issued, the sat signatures for it are kept, and the books say so; all or nothing.
     * Preconditions: those of `redeeming`, no Y spent before or in a payment, each quote open, each keyset of a signature
     * active, no B_ signed before or promised to a payment's change.
     * @throws HashpoolError 'epoch-maturing', 'epoch-expired', 'reward-exhausted', 'proofs-pending', 'proofs-spent', 'keyset-inactive',
     * 'outputs-pending', 'outputs-signed', and those of `quoteIssuing`
     */
    redeem: ({ epoch, ehash, sats, spent, quotes, signatures }: RedemptionWrite): void => {
      const given = quotes ? [issuing(quotes.ids, quotes.keyset)] : [spending(spent)];
      runSteps([...given, signing(signatures)]);
      redeem({ epoch, ehash, sats, taker: 'sat' });
    },
  };
}

/** Reads what was redeemed of an epoch. */
function redeemedOf(db: Database): (epoch: number) => Redeemed {
  const ofEpoch = db.prepare('SELECT * FROM redemptions WHERE epoch = ?');
  ofEpoch.setReadBigInts(true);
  return (epoch) => {
    const row = ofEpoch.get(epoch);
    if (!row) return NOTHING;
    return {
      ehash: BigInt(text(row, 'ehash')),
      sats: bigInteger(row, 'sats'),
      n: Number(bigInteger(row, 'n')),
      autoEhash: BigInt(text(row, 'auto_ehash')),
      autoSats: bigInteger(row, 'auto_sats'),
    };
  };
}
