import { mismatchOf } from '../../domain/ledger/sums.ts';
import { auditMint } from '../../roles/mint/books.ts';
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
    'an epoch without its keyset',
    'SELECT epoch FROM epochs WHERE NOT EXISTS (SELECT 1 FROM keysets AS k WHERE k.epoch = epochs.epoch)',
  ],
  [
    'a segment whose tally is not its quotes',
    `SELECT s.segment FROM segments AS s WHERE
       (SELECT count(*) FROM quotes WHERE segment = s.segment)
         <> (SELECT coalesce(sum(n), 0) FROM segment_tallies AS t WHERE t.segment = s.segment AND kind = 'created')
       OR (SELECT count(*) FROM quotes WHERE segment = s.segment AND outcome = 1)
         <> (SELECT coalesce(sum(n), 0) FROM segment_tallies AS t WHERE t.segment = s.segment AND kind = 'issued')`,
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
    const units = [...auditMint(place).units].flatMap(([unit, sums]) => mismatchOf(unit, sums) ?? []);
    return [...broken, ...units];
  } finally {
    db.close();
  }
}
