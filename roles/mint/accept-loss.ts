import { Outcome } from '../../domain/quotes/state.ts';
import { amountOf } from '../../protocols/cashu/amount.ts';
import { type Database, inTransaction } from '../../runtime/sql/database.ts';
import { journalState, thaw } from '../../runtime/sql/journal/journal.ts';
import { readSatBooks } from './sat-books.ts';
import { bigInteger, text } from './store/row.ts';
import { tallies } from './store/tallies.ts';
import { readUnitBooks } from './unit-books.ts';

/** What is given up for one unit by going on from an older copy. */
export interface UnitLoss {
  readonly unit: string;
  /** Quotes and payments that are in the copy and not issued there: their owners may have minted them since. */
  readonly unissued: bigint;
  /** Tokens that were out at the copy: those of them that were spent since can be spent once more. */
  readonly outstanding: bigint;
}

export interface Loss {
  /** Why the mint only reads. */
  readonly reason: string;
  readonly units: readonly UnitLoss[];
  /** Payments that were under way at the copy; how each ended is for its backend to say. */
  readonly pendingMelts: number;
  /** Sats that were owed to keys without a wallet at the copy: they may have been paid since. */
  readonly balances: bigint;
}

const FOR_COINBASES = "purpose = 'coinbase' AND paid IS NULL";
const UNISSUED = `outcome IN (${Outcome.open}, ${Outcome.waiting})`;

/** What accepting would give up; undefined where the database is not frozen. */
export function lossOf(db: Database): Loss | undefined {
  const { frozen } = journalState(db.prepare('SELECT * FROM journal').get());
  if (frozen === undefined) return undefined;
  const open = openByUnit(db);
  const pending = db.prepare("SELECT count(*) AS n FROM melt_quotes WHERE state = 'PENDING'").get();
  return {
    reason: frozen,
    units: [...readUnitBooks(db)].map(([unit, { mintable, outstanding }]) => {
      return { unit, unissued: (open.get(unit) ?? 0n) + mintable, outstanding };
    }),
    pendingMelts: Number(pending?.['n']),
    balances: readSatBooks(db).payouts.balances + heldForCoinbases(db),
  };
}

/** In words, a line for each thing. */
export function describeLoss({ reason, units, pendingMelts, balances }: Loss): string[] {
  return [
    `The mint only reads: ${reason}.`,
    'By accepting the loss it goes on from this copy, and from then on:',
    ...units.map(({ unit, unissued }) => {
      return `- quotes of ${unissued} ${unit} that are paid and not issued in the copy become void for good, for they may have been issued since: a loss of at most ${unissued} for their owners`;
    }),
    '- no share is paid that the copy does not hold and that builds on a block up to the tip of the next start: a loss for its miner, unless it was minted before',
    ...units.map(({ unit, outstanding }) => {
      return `- tokens that were spent since the copy can be spent once more: a loss for the mint of at most ${outstanding} ${unit}, all that was out then, and of what was issued since`;
    }),
    '- tokens that were issued since the copy stay good, though the books do not hold them',
    '- no mint quote that is in the copy is issued any more, and no melt quote in it can be begun: wallets ask for new ones',
    `- ${balances} sats that were owed to miners without a wallet at the copy are held back, for they may have been paid since: a loss of at most ${balances} for them`,
    `- ${pendingMelts} payments that were under way at the copy are looked up at their backends, and end as those say`,
  ];
}

/**
 * Lets a frozen mint go on: nothing that may have been issued is ever issued again.
 * @param statement what was accepted, in words; kept
 * @param now milliseconds since 1970
 */
export function acceptLoss(db: Database, statement: string, now: number): void {
  const tally = tallies(db);
  inTransaction(
    db,
    () => {
      const note = db.prepare('INSERT INTO losses (accepted_at, statement) VALUES (?, ?) RETURNING loss');
      const loss = note.get(now, statement);
      db.exec('DELETE FROM waiting');
      const rows = db.prepare(
        `SELECT segment, exponent, count(*) AS n FROM quotes WHERE ${UNISSUED} GROUP BY segment, exponent`,
      );
      for (const row of rows.all()) {
        const [segment, exponent] = [Number(row['segment']), Number(row['exponent'])];
        tally(
          'void',
          Array.from({ length: Number(row['n']) }, () => ({ segment, exponent })),
        );
      }
      db.exec(`UPDATE quotes SET outcome = ${Outcome.void} WHERE ${UNISSUED}`);
      db.exec('UPDATE mint_quotes SET is_lost = 1');
      db.exec("UPDATE melt_quotes SET expiry = 0 WHERE state = 'UNPAID'");
      holdBack(db, Number(loss?.['loss']));
      thaw(db);
    },
    'EXCLUSIVE',
  );
}

/** Open holds for coinbases, in sats: a block on a tip that the copy knows nothing of may have paid them. */
function heldForCoinbases(db: Database): bigint {
  const held = db.prepare(
    `SELECT CAST(coalesce(sum(sats), 0) AS BIGINT) AS sats FROM payout_holds WHERE ${FOR_COINBASES}`,
  );
  held.setReadBigInts(true);
  return bigInteger(held.get() ?? {}, 'sats');
}

/** Balances, and what coinbases were to pay of them, become holds that nothing ends by itself: the books still know of them. */
function holdBack(db: Database, loss: number): void {
  db.exec(`
    UPDATE payout_keys SET balance = balance + (
      SELECT coalesce(sum(sats), 0) FROM payout_holds AS h WHERE h.payout_key = payout_keys.payout_key AND ${FOR_COINBASES})`);
  db.exec(`DELETE FROM payout_holds WHERE ${FOR_COINBASES}`);
  const reference = new Uint8Array(4);
  new DataView(reference.buffer).setUint32(0, loss);
  const hold = db.prepare(`
    INSERT INTO payout_holds (payout_key, purpose, reference, sats)
    SELECT payout_key, 'lost', ?, balance FROM payout_keys WHERE balance > 0`);
  hold.run(reference);
  db.exec('UPDATE payout_keys SET balance = 0');
}

function openByUnit(db: Database): Map<string, bigint> {
  const rows = db.prepare(`
    SELECT unit, exponent, count(*) AS n FROM quotes JOIN segments USING (segment) JOIN epochs USING (epoch)
    WHERE ${UNISSUED} GROUP BY unit, exponent`);
  rows.setReadBigInts(true);
  const sums = new Map<string, bigint>();
  for (const row of rows.all()) {
    const unit = text(row, 'unit');
    const sum = bigInteger(row, 'n') * amountOf(Number(bigInteger(row, 'exponent')));
    sums.set(unit, (sums.get(unit) ?? 0n) + sum);
  }
  return sums;
}
