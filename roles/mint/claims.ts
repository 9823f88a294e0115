import { Outcome } from '../../domain/quotes/state.ts';
import { openPlace } from '../../runtime/sql/open.ts';
import { bigInteger, blob, integer } from './store/row.ts';
import { schema } from './store/schema.ts';

/** What the mint holds for one share. */
export interface Claim {
  readonly publicKey: Uint8Array;
  readonly k: number;
  readonly exponent: number;
  /** It is never paid. */
  readonly isVoid: boolean;
}

/** What became of shares at the mint, as an audit reads it; the mint may run meanwhile. */
export interface Claims {
  /** The quote of a share. */
  ofShare(hashLe: Uint8Array): Claim | undefined;
  /** The last share of an outbox that the mint has stored; 0 where it knows none. */
  storedSeq(outboxId: Uint8Array): bigint;
  /** Why a share of an outbox is not paid as it was sent: refused, or claimed before with another key or k. */
  objection(outboxId: Uint8Array, seq: bigint): string | undefined;
  close(): void;
}

/**
 * Opens a mint's database for reading alone.
 * @param place a SQLite file's path or a PostgreSQL URL
 * @throws HashpoolError 'database-open', 'database-newer'
 */
export function readClaims(place: string): Claims {
  const db = openPlace(place, schema, { readOnly: true });
  const byShare = db.prepare('SELECT public_key, k, exponent, outcome FROM quotes WHERE share_hash = ?');
  const stored = db.prepare('SELECT stored_seq FROM outboxes WHERE outbox_id = ?');
  stored.setReadBigInts(true);
  const refused = db.prepare(
    'SELECT reason FROM refusals JOIN outboxes USING (outbox) WHERE outbox_id = ? AND seq = ?',
  );
  const conflicting = db.prepare(
    'SELECT conflict FROM conflicts JOIN outboxes USING (outbox) WHERE outbox_id = ? AND seq = ?',
  );
  return {
    ofShare: (hashLe) => {
      const row = byShare.get(hashLe);
      return (
        row && {
          publicKey: blob(row, 'public_key'),
          k: integer(row, 'k'),
          exponent: integer(row, 'exponent'),
          isVoid: integer(row, 'outcome') === Outcome.void,
        }
      );
    },
    storedSeq: (outboxId) => {
      const row = stored.get(outboxId);
      return row === undefined ? 0n : bigInteger(row, 'stored_seq');
    },
    objection: (outboxId, seq) => {
      const refusal = refused.get(outboxId, seq);
      if (refusal !== undefined) return String(refusal['reason']);
      return conflicting.get(outboxId, seq) === undefined
        ? undefined
        : 'claimed before with another key or k';
    },
    close: () => db.close(),
  };
}
