import { sha256d } from '../../../protocols/bitcoin/hash.ts';
import type { Terms } from '../../../protocols/ehash/work-link.ts';
import { unpackWorkRecords, type WorkRecord } from '../../../protocols/ehash/work-record.ts';
import { openDatabase } from '../../../runtime/sql/database.ts';
import { loadState } from './operations.ts';
import { blob } from './row.ts';
import { schema } from './schema.ts';

/** A share of the outbox. */
export interface OutboxShare extends WorkRecord {
  readonly seq: bigint;
  readonly hashLe: Uint8Array;
}

/** An outbox as an audit reads it; the pool may run meanwhile. */
export interface OutboxReader {
  readonly outboxId: Uint8Array;
  readonly rows: number;
  readonly terms: Terms | undefined;
  /** All shares, in the order they were stored. */
  shares(): Iterable<OutboxShare>;
  close(): void;
}

/**
 * Opens an outbox for reading alone.
 * @throws HashpoolError 'database-open', 'database-newer', 'bad-outbox'
 */
export function readOutbox(path: string): OutboxReader {
  const db = openDatabase(path, schema, { readOnly: true });
  const count = db.prepare('SELECT coalesce(sum(count), 0) AS rows FROM commits').get();
  const rows = Number(count?.['rows']);
  const { outboxId, terms } = loadState(db, rows);
  const commits = db.prepare('SELECT first_seq, records FROM commits ORDER BY first_seq');
  return {
    outboxId,
    rows,
    terms,
    *shares() {
      for (const commit of commits.iterate()) {
        let seq = BigInt(Number(commit['first_seq']));
        for (const record of unpackWorkRecords(blob(commit['records']))) {
          yield { ...record, seq, hashLe: sha256d(record.header) };
          seq++;
        }
      }
    },
    close: () => db.close(),
  };
}
