import { REDEMPTION_UNIT } from '../../domain/epochs/redemption.ts';
import type { UnitSums } from '../../domain/ledger/sums.ts';
import { Outcome } from '../../domain/quotes/state.ts';
import { amountOf } from '../../protocols/cashu/amount.ts';
import type { Database } from '../../runtime/sql/database.ts';
import { bigInteger, text } from './store/row.ts';

/** A number of rows and what they are worth. */
export interface Tally {
  readonly count: number;
  readonly sum: bigint;
}

/** The sums of one unit, and how many rows they are. */
export interface UnitBooks extends UnitSums {
  /** Blind signatures given out, by minting, by swaps and as change. */
  readonly signed: Tally;
  /** Proofs taken back by swaps and melts. */
  readonly spent: Tally;
}

const NONE: Tally = { count: 0, sum: 0n };

/** What is paid to keys without a wallet comes out of their balances and not out of tokens: sat-books.ts has it. */
const PAID_BY_TOKENS =
  "NOT EXISTS (SELECT 1 FROM payout_holds WHERE purpose = 'onchain' AND reference = melt_quotes.id)";

/** Adds up every unit that has a keyset. Reads whole tables. */
export function readUnitBooks(db: Database): Map<string, UnitBooks> {
  const signed = talliesOf(
    db,
    'SELECT unit, exponent, count(*) AS n FROM signatures JOIN keysets USING (keyset)',
  );
  const spent = talliesOf(db, 'SELECT unit, exponent, count(*) AS n FROM spent JOIN keysets USING (keyset)');
  const mined = talliesOf(
    db,
    `SELECT unit, exponent, count(*) AS n FROM quotes JOIN segments USING (segment) JOIN epochs USING (epoch)
    WHERE outcome IN (${Outcome.issued}, ${Outcome.autoPaid})`,
  );
  const paid = sumsOf(db, 'SELECT unit, CAST(sum(amount_paid) AS BIGINT) AS total FROM mint_quotes');
  const issued = sumsOf(db, 'SELECT unit, CAST(sum(amount_issued) AS BIGINT) AS total FROM mint_quotes');
  const credited = sumsOf(
    db,
    'SELECT unit, CAST(sum(credited) AS BIGINT) AS total FROM receipts JOIN mint_quotes USING (mint_quote)',
  );
  const paidOut = sumsOf(
    db,
    `SELECT unit, CAST(sum(melt_quotes.amount + fee_paid) AS BIGINT) AS total FROM melt_quotes
    WHERE state = 'PAID' AND ${PAID_BY_TOKENS}`,
  );
  const pending = sumsOf(
    db,
    `SELECT unit, CAST(sum(provided) AS BIGINT) AS total FROM melt_quotes WHERE state = 'PENDING' AND ${PAID_BY_TOKENS}`,
  );
  const redemptions = readRedemptions(db);
  const givenFor = redemptions.reduce((sum, { sats, autoSats }) => sum + sats - autoSats, 0n);
  const redeemed = new Map(redemptions.map(({ unit, ehash }) => [unit, ehash]));
  const keysets = db
    .prepare('SELECT unit, max(epoch) AS epoch FROM keysets GROUP BY unit ORDER BY unit')
    .all();
  return new Map(
    keysets.map((row) => {
      const unit = text(row, 'unit');
      const [out, back] = [signed.get(unit) ?? NONE, spent.get(unit) ?? NONE];
      return [
        unit,
        {
          isMined: row['epoch'] !== null,
          signed: out,
          spent: back,
          outstanding: out.sum - back.sum,
          issued:
            (mined.get(unit)?.sum ?? 0n) +
            (issued.get(unit) ?? 0n) +
            (unit === REDEMPTION_UNIT ? givenFor : 0n),
          paid: paid.get(unit) ?? 0n,
          credited: credited.get(unit) ?? 0n,
          redeemed: (paidOut.get(unit) ?? 0n) + (redeemed.get(unit) ?? 0n),
          pending: pending.get(unit) ?? 0n,
          mintable: (paid.get(unit) ?? 0n) - (issued.get(unit) ?? 0n),
        },
      ];
    }),
  );
}

/** What was redeemed of each epoch. */
function readRedemptions(db: Database): { unit: string; ehash: bigint; sats: bigint; autoSats: bigint }[] {
  const statement = db.prepare(
    'SELECT unit, ehash, sats, auto_sats FROM redemptions JOIN epochs USING (epoch)',
  );
  statement.setReadBigInts(true);
  return statement.all().map((row) => {
    const [sats, autoSats] = [bigInteger(row, 'sats'), bigInteger(row, 'auto_sats')];
    return { unit: text(row, 'unit'), ehash: BigInt(text(row, 'ehash')), sats, autoSats };
  });
}

/** @param select rows of unit, exponent and n, without its GROUP BY */
function talliesOf(db: Database, select: string): Map<string, Tally> {
  const statement = db.prepare(`${select} GROUP BY unit, exponent`);
  statement.setReadBigInts(true);
  const groups = Map.groupBy(statement.all(), (row) => text(row, 'unit'));
  return new Map(
    [...groups].map(([unit, rows]) => {
      const counts = rows.map((row) => ({
        n: bigInteger(row, 'n'),
        exponent: Number(bigInteger(row, 'exponent')),
      }));
      const count = counts.reduce((total, { n }) => total + Number(n), 0);
      return [
        unit,
        { count, sum: counts.reduce((total, { n, exponent }) => total + n * amountOf(exponent), 0n) },
      ];
    }),
  );
}

/** @param select rows of unit and total, without its GROUP BY */
function sumsOf(db: Database, select: string): Map<string, bigint> {
  const statement = db.prepare(`${select} GROUP BY unit`);
  statement.setReadBigInts(true);
  return new Map(statement.all().map((row) => [text(row, 'unit'), bigInteger(row, 'total')]));
}
