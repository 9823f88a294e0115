import { type Price, redeemedSats } from '../../../domain/epochs/price.ts';
import { Outcome } from '../../../domain/quotes/state.ts';
import { amountOf } from '../../../protocols/cashu/amount.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import { runEach } from '../../../runtime/sql/together.ts';
import { epochOperations } from './epochs.ts';
import { redeeming } from './redemptions.ts';
import { bigInteger, blob, integer, type Row, text } from './row.ts';
import { type Counted, tallies } from './tallies.ts';

/** Keys that are looked through in one transaction. */
const KEYS_AT_ONCE = 64;

/** What one transaction has credited. */
export interface Credited {
  readonly quotes: number;
  readonly sats: bigint;
}

/** An open quote of a key, of an epoch whose price is fixed. */
interface DueQuote extends Counted {
  readonly quote: number;
  readonly epoch: number;
}

/**
 * Turns quotes of registered keys into sats of their balances, once their epochs have a price. Which quotes are due changes
 * when a price is fixed or a key registered: then a key's open quotes are looked through once, in their order, a bounded
 * number at a time. No index knows the open quotes of one epoch; it would cost every share that comes.
 */
export function payoutCreditOperations(db: Database) {
  const { epochById } = epochOperations(db);
  const redeem = redeeming(db);
  const tally = tallies(db);
  const countPriced = db.prepare('SELECT count(*) AS n FROM epochs WHERE priced_height IS NOT NULL');
  const unexamined = db.prepare(`
    SELECT payout_key, public_key, examined_quote FROM payout_keys
    WHERE address IS NOT NULL AND examined < ? ORDER BY examined, payout_key LIMIT ?`);
  const examined = db.prepare('UPDATE payout_keys SET examined = ?, examined_quote = 0 WHERE payout_key = ?');
  const examinedTo = db.prepare('UPDATE payout_keys SET examined_quote = ? WHERE payout_key = ?');
  // As to be minted: open, of a final epoch of a pool that is not stopped; and not of one that has ended.
  const open = db.prepare(`
    SELECT quotes.quote, exponent, quotes.segment, e.epoch, CASE WHEN outcome = ${Outcome.open} AND e.is_final = 1
      AND e.priced_height IS NOT NULL AND r.expired_height IS NULL AND NOT EXISTS (
        SELECT 1 FROM epochs AS lost
        WHERE lost.pool_id = e.pool_id AND lost.standing = 'stranded' AND lost.merged_into IS NULL)
      THEN 1 ELSE 0 END AS is_due
    FROM quotes JOIN segments AS s ON s.segment = quotes.segment JOIN epochs AS e ON e.epoch = s.epoch
      LEFT JOIN redemptions AS r ON r.epoch = e.epoch
    WHERE outcome IN (0, 4) AND public_key = ? AND quotes.quote > ? ORDER BY quotes.quote LIMIT ?`);
  const end = db.prepare(`UPDATE quotes SET outcome = ${Outcome.autoPaid} WHERE quote = ?`);
  const creditOf = db.prepare('SELECT ehash, sats FROM payout_credits WHERE payout_key = ? AND epoch = ?');
  creditOf.setReadBigInts(true);
  const setCredit = db.prepare(`
    INSERT INTO payout_credits (payout_key, epoch, ehash, sats) VALUES (?, ?, ?, ?)
    ON CONFLICT (payout_key, epoch) DO UPDATE SET ehash = excluded.ehash, sats = excluded.sats`);
  const add = db.prepare(
    'UPDATE payout_keys SET balance = balance + ?, credited = credited + ? WHERE payout_key = ?',
  );

  /** Credits a key for quotes of one epoch: rounded down over all that it ever gets of it. */
  function creditEpoch(key: number, epoch: number, price: Price, quotes: readonly DueQuote[]): bigint {
    const row = creditOf.get(key, epoch);
    const before = row ? { ehash: BigInt(text(row, 'ehash')), sats: bigInteger(row, 'sats') } : NOTHING;
    const more = quotes.reduce((sum, { exponent }) => sum + amountOf(exponent), 0n);
    const ehash = before.ehash + more;
    const sats = redeemedSats(price, ehash);
    setCredit.run(key, epoch, String(ehash), sats);
    redeem({ epoch, ehash: more, sats: sats - before.sats, taker: 'payouts' });
    return sats - before.sats;
  }

  function credit(key: number, due: readonly DueQuote[]): bigint {
    let sum = 0n;
    for (const [epoch, quotes] of Map.groupBy(due, (quote) => quote.epoch)) {
      const price = epochById(epoch)?.price;
      if (price) sum += creditEpoch(key, epoch, price, quotes);
    }
    runEach(
      end,
      due.map(({ quote }) => [quote]),
    );
    tally('auto_paid', due);
    if (sum > 0n) add.run(sum, sum, key);
    return sum;
  }

  return {
    /** Whether quotes of any key are to be looked through: asked before, so that a journal does not fill with nothing. */
    arePayoutsDue: (_: null): boolean =>
      unexamined.get(integer(countPriced.get() ?? {}, 'n'), 1) !== undefined,

    /**
     * Looks through quotes of registered keys, `limit` at most. Those that are due become AUTO_PAID, their worth goes to
     * their keys' balances and into the books; all or nothing.
     */
    creditPayouts: ({ limit }: { limit: number }): Credited => {
      const priced = integer(countPriced.get() ?? {}, 'n');
      const keys = unexamined.all(priced, KEYS_AT_ONCE);
      let [left, quotes, sats] = [limit, 0, 0n];
      for (const row of keys) {
        if (left === 0) break;
        const key = integer(row, 'payout_key');
        const found = open.all(blob(row, 'public_key'), integer(row, 'examined_quote'), left);
        const due = found.flatMap(dueOf);
        if (due.length > 0) sats += credit(key, due);
        const last = found.at(-1);
        if (last && found.length === left) examinedTo.run(integer(last, 'quote'), key);
        else examined.run(priced, key);
        quotes += due.length;
        left -= found.length;
      }
      return { quotes, sats };
    },
  };
}

const NOTHING = { ehash: 0n, sats: 0n };

function dueOf(row: Row): DueQuote[] {
  if (integer(row, 'is_due') === 0) return [];
  const [quote, exponent] = [integer(row, 'quote'), integer(row, 'exponent')];
  return [{ quote, exponent, segment: integer(row, 'segment'), epoch: integer(row, 'epoch') }];
}
