import { openDatabase } from '../../../runtime/sql/database.ts';
import { schema } from './schema.ts';

/** An outbox in numbers, for audits. */
export interface OutboxSummary {
  /** Shares that are stored here. */
  readonly shares: bigint;
  /** Of these, the ones the mint has stored. */
  readonly sent: bigint;
  /** Of those, the ones the mint does not pay. */
  readonly refused: bigint;
}

/**
 * Counts an outbox, also while its pool runs.
 * @throws HashpoolError 'database-open', 'database-newer'
 */
export function summarizeOutbox(path: string): OutboxSummary {
  const db = openDatabase(path, schema, { readOnly: true });
  try {
    const query = db.prepare(`
      SELECT (SELECT coalesce(sum(count), 0) FROM commits) AS shares,
             (SELECT coalesce(max(stored_seq), 0) FROM outbox) AS sent,
             (SELECT count(*) FROM refusals) AS refused`);
    query.setReadBigInts(true);
    const { shares, sent, refused } = query.get() ?? {};
    return { shares: BigInt(String(shares)), sent: BigInt(String(sent)), refused: BigInt(String(refused)) };
  } finally {
    db.close();
  }
}
