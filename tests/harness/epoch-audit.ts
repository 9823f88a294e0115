import { mismatchOf } from '../../domain/ledger/sums.ts';
import { amountOf } from '../../protocols/cashu/amount.ts';
import { auditMint } from '../../roles/mint/books.ts';
import { integer, text } from '../../roles/mint/store/row.ts';
import { schema } from '../../roles/mint/store/schema.ts';
import type { Database } from '../../runtime/sql/database.ts';
import { openPlace } from '../../runtime/sql/open.ts';

/** What must never be found in a mint's database, each as a query for what breaks it. */
const RULES: readonly (readonly [string, string])[] = [
  [
    'a quote without an epoch, or in two',
    `SELECT quotes.quote FROM quotes LEFT JOIN segments USING (segment) LEFT JOIN epochs USING (epoch)
     GROUP BY quotes.quote HAVING count(epochs.epoch) <> 1`,
  ],
  [
    'a signature of an epoch that is not final',
    `SELECT signature FROM signatures JOIN keysets USING (keyset) JOIN epochs ON epochs.epoch = keysets.epoch
     WHERE is_final = 0`,
  ],
  [
    'a quote that was issued in an epoch that is not final',
    `SELECT quote FROM quotes JOIN segments USING (segment) JOIN epochs USING (epoch) WHERE outcome = 1 AND is_final = 0`,
  ],
  [
    'a dissolved epoch that is final',
    "SELECT epoch FROM epochs WHERE standing = 'dissolved' AND is_final = 1",
  ],
  [
    'a segment left in a dissolved epoch',
    "SELECT segment FROM segments JOIN epochs USING (epoch) WHERE standing = 'dissolved'",
  ],
  [
    'a live epoch whose boundary is not in the chain',
    `SELECT epoch FROM epochs WHERE standing = 'live' AND opened_hash IS NOT NULL AND priced_height IS NULL
       AND NOT EXISTS (SELECT 1 FROM chain WHERE hash = opened_hash)
       AND opened_height <= (SELECT max(height) FROM chain)`,
  ],
  [
    'a live epoch whose boundary is no share of its pool',
    `SELECT epoch FROM epochs AS e WHERE standing = 'live' AND opened_hash IS NOT NULL AND NOT EXISTS (
       SELECT 1 FROM quotes JOIN segments USING (segment) JOIN epochs AS o USING (epoch)
       WHERE share_hash = e.opened_hash AND o.pool_id = e.pool_id)`,
  ],
  [
    'an epoch that is closed by another block than opens the next',
    `SELECT epoch FROM epochs AS e WHERE closed_hash IS NOT NULL AND NOT EXISTS (
       SELECT 1 FROM epochs AS n WHERE n.pool_id = e.pool_id AND n.standing = 'live' AND (n.opened_hash = e.closed_hash
         OR (n.opened_height = e.closed_height AND EXISTS (SELECT 1 FROM reward_invoices AS r WHERE r.epoch = e.epoch))))`,
  ],
  [
    'two open epochs of a pool',
    `SELECT pool_id FROM epochs WHERE standing = 'live' AND closed_hash IS NULL GROUP BY pool_id HAVING count(*) > 1`,
  ],
  [
    'a pool without an open epoch',
    `SELECT pool_id FROM epochs GROUP BY pool_id
     HAVING sum(CASE WHEN standing = 'live' AND closed_hash IS NULL AND priced_height IS NULL THEN 1 ELSE 0 END) = 0`,
  ],
  [
    'an epoch without its keyset',
    'SELECT epoch FROM epochs WHERE NOT EXISTS (SELECT 1 FROM keysets AS k WHERE k.epoch = epochs.epoch)',
  ],
  [
    'a segment whose tally is not its quotes',
    `SELECT s.segment FROM segments AS s WHERE
       (SELECT count(*) FROM quotes WHERE segment = s.segment)
         <> (SELECT coalesce(sum(n), 0) FROM segment_tallies AS t WHERE t.segment = s.segment AND kind = 'created')
       OR (SELECT count(*) FROM quotes WHERE segment = s.segment AND outcome = 1)
         <> (SELECT coalesce(sum(n), 0) FROM segment_tallies AS t WHERE t.segment = s.segment AND kind = 'issued')
       OR (SELECT count(*) FROM quotes WHERE segment = s.segment AND outcome = 2)
         <> (SELECT coalesce(sum(n), 0) FROM segment_tallies AS t WHERE t.segment = s.segment AND kind = 'auto_paid')`,
  ],
  [
    'a quote that is AUTO_PAID of an epoch without a price, or of a key that never registered',
    `SELECT quote FROM quotes JOIN segments USING (segment) JOIN epochs USING (epoch)
       LEFT JOIN payout_keys AS k ON k.public_key = quotes.public_key
     WHERE outcome = 2 AND (priced_height IS NULL OR k.payout_key IS NULL)`,
  ],
  [
    'a key whose balance, holds and payments are not what it was credited',
    `SELECT k.payout_key FROM payout_keys AS k WHERE credited <> balance
       + (SELECT coalesce(sum(coalesce(paid, sats)), 0) FROM payout_holds AS h WHERE h.payout_key = k.payout_key)`,
  ],
  [
    'an epoch whose credits are not what its books say was AUTO_PAID',
    `SELECT r.epoch FROM redemptions AS r WHERE auto_sats
       <> (SELECT coalesce(sum(sats), 0) FROM payout_credits AS c WHERE c.epoch = r.epoch)`,
  ],
];

/**
 * What is wrong with the epochs in a mint's database, in words; the mint may run meanwhile.
 * @param place a SQLite file's path or a PostgreSQL URL
 */
export function auditEpochs(place: string): string[] {
  const db: Database = openPlace(place, schema, { readOnly: true });
  try {
    db.exec('BEGIN');
    const broken = RULES.flatMap(([name, sql]) => {
      const rows = db.prepare(sql).all();
      return rows.length === 0 ? [] : [`${name}: ${rows.length}`];
    });
    const credits = wrongCredits(db);
    const units = [...auditMint(place).units].flatMap(([unit, sums]) => mismatchOf(unit, sums) ?? []);
    return [...broken, ...credits, ...units];
  } finally {
    db.close();
  }
}

/** Ehash that was credited to keys, epoch by epoch, against their quotes that are AUTO_PAID: it may pass what SQL adds up. */
function wrongCredits(db: Database): string[] {
  const credited = new Map(
    db
      .prepare('SELECT payout_key, epoch, ehash FROM payout_credits')
      .all()
      .map((row) => [`${row['payout_key']} ${row['epoch']}`, BigInt(text(row, 'ehash'))]),
  );
  const rows = db.prepare(`
    SELECT k.payout_key, s.epoch, q.exponent, count(*) AS n FROM quotes AS q JOIN segments AS s USING (segment)
      JOIN payout_keys AS k ON k.public_key = q.public_key
    WHERE outcome = 2 GROUP BY k.payout_key, s.epoch, q.exponent`);
  const counted = new Map([...credited.keys()].map((name) => [name, 0n]));
  for (const row of rows.all()) {
    const name = `${row['payout_key']} ${row['epoch']}`;
    const ehash = BigInt(integer(row, 'n')) * amountOf(integer(row, 'exponent'));
    counted.set(name, (counted.get(name) ?? 0n) + ehash);
  }
  return [...counted].flatMap(([name, ehash]) => {
    const found = credited.get(name) ?? 0n;
    return found === ehash
      ? []
      : [`key and epoch ${name} were credited ${found} ehash, and have ${ehash} AUTO_PAID`];
  });
}
