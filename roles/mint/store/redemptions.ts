import type { Price } from '../../../domain/epochs/price.ts';
import { redeemedSats } from '../../../domain/epochs/price.ts';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import { runSteps } from '../../../runtime/sql/together.ts';
import { ledgerWrites, type SignatureRow, type SpentRow } from './ledger.ts';
import { postings } from './postings.ts';
import { bigInteger, integer, type Row, text } from './row.ts';
import { quoteIssuing } from './tokens.ts';

/** What was redeemed of an epoch so far. */
export interface Redeemed {
  readonly ehash: bigint;
  readonly sats: bigint;
  /** The number of redemptions. */
  readonly n: number;
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

const NOTHING: Redeemed = { ehash: 0n, sats: 0n, n: 0 };

/** Turns ehash of priced epochs into sat ecash, and tells how much was. */
export function redemptionOperations(db: Database) {
  const { spending, signing } = ledgerWrites(db);
  const issuing = quoteIssuing(db);
  const post = postings(db);
  const ofEpoch = db.prepare('SELECT * FROM redemptions WHERE epoch = ?');
  ofEpoch.setReadBigInts(true);
  const priceOf = db.prepare(
    'SELECT priced_reward, priced_fee, priced_work FROM epochs WHERE epoch = ? AND priced_height IS NOT NULL',
  );
  const isOver = db.prepare('SELECT 1 FROM redemptions WHERE epoch = ? AND expired_height IS NOT NULL');
  const set = db.prepare(`
    INSERT INTO redemptions (epoch, ehash, sats, n) VALUES (?, ?, ?, ?)
    ON CONFLICT (epoch) DO UPDATE SET ehash = excluded.ehash, sats = excluded.sats, n = excluded.n`);

  const redeemed = (epoch: number): Redeemed => redeemedOf(ofEpoch.get(epoch));

  function pricedAt(epoch: number): Price {
    const row = priceOf.get(epoch);
    if (!row) throw cashuError('epoch-maturing', 'its price is not fixed yet; ask again later');
    const [rewardSats, feeSats] = [BigInt(integer(row, 'priced_reward')), BigInt(integer(row, 'priced_fee'))];
    return { rewardSats, feeSats, payableSats: rewardSats - feeSats, work: BigInt(text(row, 'priced_work')) };
  }

  return {
    /** What was redeemed of an epoch. */
    redeemed,

    /**
     * R2: ehash becomes spent, or quotes issued, the sat signatures for it are kept, and the books say so; all or nothing.
     * Preconditions: the epoch's price is fixed and the epoch not ended, no Y spent before or in a payment, each quote open, each keyset of a signature active,
     * no B_ signed before or promised to a payment's change; and all that was ever redeemed of the epoch, this included,
     * is no more than its reward less the fee, for no more than its work.
     * @throws HashpoolError 'epoch-maturing', 'epoch-expired', 'reward-exhausted', 'proofs-pending', 'proofs-spent', 'keyset-inactive',
     * 'outputs-pending', 'outputs-signed', and those of `quoteIssuing`
     */
    redeem: ({ epoch, ehash, sats, spent, quotes, signatures }: RedemptionWrite): void => {
      const given = quotes ? [issuing(quotes.ids, quotes.keyset)] : [spending(spent)];
      runSteps([...given, signing(signatures)]);
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
      set.run(epoch, String(after.ehash), after.sats, before.n + 1);
      post(epoch, 'ehash', 'sat', sats);
    },
  };
}

function redeemedOf(row: Row | undefined): Redeemed {
  if (!row) return NOTHING;
  return {
    ehash: BigInt(text(row, 'ehash')),
    sats: bigInteger(row, 'sats'),
    n: Number(bigInteger(row, 'n')),
  };
}
