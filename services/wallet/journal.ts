import type { DatabaseSync } from 'node:sqlite';
import { inTransaction } from '../../runtime/sql/database.ts';
import type { Keyset, Keysets } from './keysets.ts';
import type { Proof, Proofs } from './proofs.ts';
import type { Quotes } from './quotes.ts';

/** An operation whose process is alive is left alone for this long: settling it takes two requests of 20 s at most. */
const LEASE_MS = 60_000;

/** A proof that belongs to somebody else's token, which an operation swaps for our own. */
export type ForeignProof = Omit<Proof, 'dleq'>;

/** A request to the mint that was written down before it was sent; its outputs follow from the counters. */
export interface Operation {
  readonly id: number;
  readonly kind: 'mint' | 'swap' | 'receive';
  readonly unit: string;
  readonly keysetId: string;
  readonly firstCounter: number;
  /** Of the outputs, in units, in the order of their counters. */
  readonly amounts: readonly bigint[];
  /** What `receive` swaps; empty for the others. */
  readonly foreignInputs: readonly ForeignProof[];
}

/** What a new operation takes hold of, chosen in the transaction that writes it down. */
export interface Draft {
  readonly kind: Operation['kind'];
  readonly keyset: Keyset;
  /** Claims quotes or reserves proofs for the operation; returns its outputs' amounts, or none to leave it. */
  claim(operation: number): readonly bigint[];
  readonly foreignInputs?: readonly ForeignProof[];
}

/** The record of what was asked of the mint. Each method is one transaction. */
export interface Journal {
  begin(draft: Draft): Operation | undefined;
  /** The mint's signatures are in: new proofs in, inputs spent, quotes gone. The same result twice changes nothing. */
  complete(operation: Operation, proofs: readonly Proof[]): void;
  /** The mint has refused for good and signed nothing: quotes and proofs are free again. */
  refuse(operation: Operation, reason: string): void;
  /**
   * The mint has refused since its outputs were signed for something else: the database is an older copy, whose
   * counters were used before. As `refuse`, and the next use of counters is preceded by a restore.
   */
  outdated(operation: Operation, reason: string): void;
  /** No answer: whoever comes next may ask again. */
  letGo(operation: Operation): void;
  /** An answer that can't be used; it stays pending and is asked for again when the lease is over. */
  suspend(operation: Operation, reason: string): void;
  /** Deletes operations that ended before `time` and that nothing refers to any more. */
  forgetEndedBefore(time: number): void;
  /** Takes over operations whose process is gone, let go or has kept them too long. */
  takeOver(): Operation[];
}

/**
 * @param db opened with `walletSchema`
 * @param clock milliseconds since 1970
 */
export function openJournal(
  db: DatabaseSync,
  { keysets, proofs, quotes }: { keysets: Keysets; proofs: Proofs; quotes: Quotes },
  clock: () => number,
): Journal {
  const insert = db.prepare(
    `INSERT INTO operations (kind, state, keyset_id, unit, foreign_inputs, pid, since)
     VALUES (?, 'pending', ?, ?, ?, ?, ?) RETURNING id`,
  );
  const setOutputs = db.prepare('UPDATE operations SET first_counter = ?, amounts = ? WHERE id = ?');
  const remove = db.prepare('DELETE FROM operations WHERE id = ?');
  const finish = db.prepare(
    'UPDATE operations SET state = ?, reason = ?, since = ?, foreign_inputs = NULL WHERE id = ?',
  );
  const hold = db.prepare(
    'UPDATE operations SET pid = ?, since = ?, reason = coalesce(?, reason) WHERE id = ?',
  );
  const forget = db.prepare(
    `DELETE FROM operations WHERE since < ? AND state != 'pending'
       AND NOT EXISTS (SELECT 1 FROM proofs WHERE operation = operations.id)`,
  );
  const pending = db.prepare(`SELECT * FROM operations WHERE state = 'pending' ORDER BY id`);
  const wantRestore = db.prepare('UPDATE wallet SET restored_at = NULL');

  function refuse(operation: Operation, reason: string): void {
    proofs.giveBack(operation.id, clock());
    quotes.giveBack(operation.id);
    finish.run('refused', reason, clock(), operation.id);
  }

  return {
    begin: ({ kind, keyset, claim, foreignInputs = [] }) =>
      inTransaction(db, () => {
        const foreign = foreignInputs.length > 0 ? packProofs(foreignInputs) : null;
        const id = Number(insert.get(kind, keyset.id, keyset.unit, foreign, process.pid, clock())?.['id']);
        const amounts = claim(id);
        if (amounts.length === 0) {
          remove.run(id);
          return undefined;
        }
        const firstCounter = keysets.takeCounters(keyset.id, amounts.length);
        setOutputs.run(firstCounter, JSON.stringify(amounts.map(String)), id);
        return { id, kind, unit: keyset.unit, keysetId: keyset.id, firstCounter, amounts, foreignInputs };
      }),
    complete: (operation, made) =>
      inTransaction(db, () => {
        const spent = [...proofs.reservedBy(operation.id), ...operation.foreignInputs];
        proofs.add(made, clock());
        proofs.markSpent(
          spent.map(({ secret }) => secret),
          clock(),
        );
        quotes.minted(operation.id, clock());
        finish.run('done', null, clock(), operation.id);
      }),
    refuse: (operation, reason) => inTransaction(db, () => refuse(operation, reason)),
    outdated: (operation, reason) =>
      inTransaction(db, () => {
        refuse(operation, reason);
        wantRestore.run();
      }),
    letGo: (operation) => {
      hold.run(0, clock(), null, operation.id);
    },
    suspend: (operation, reason) => {
      hold.run(process.pid, clock(), reason, operation.id);
    },
    forgetEndedBefore: (time) => {
      forget.run(time);
    },
    takeOver: () =>
      inTransaction(db, () => {
        const rows = pending
          .all()
          .filter((row) => isAbandoned(Number(row['pid']), Number(row['since']), clock()));
        for (const row of rows) hold.run(process.pid, clock(), null, Number(row['id']));
        return rows.map(toOperation);
      }),
  };
}

/** All processes of one database run on one machine: SQLite's WAL works no other way. */
function isAbandoned(pid: number, since: number, now: number): boolean {
  if (pid === 0 || now - since > LEASE_MS) return true;
  // In a container an earlier process has often had the same id.
  if (pid === process.pid) return since < now - process.uptime() * 1000;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

function packProofs(proofs: readonly ForeignProof[]): string {
  return JSON.stringify(
    proofs.map(({ secret, keysetId, amount, c }) => [secret, keysetId, String(amount), c]),
  );
}

function unpackProofs(text: unknown): ForeignProof[] {
  if (typeof text !== 'string') return [];
  const rows = JSON.parse(text) as [string, string, string, string][];
  return rows.map(([secret, keysetId, amount, c]) => ({ secret, keysetId, amount: BigInt(amount), c }));
}

function toOperation(row: Record<string, unknown>): Operation {
  return {
    id: Number(row['id']),
    kind: row['kind'] as Operation['kind'],
    unit: String(row['unit']),
    keysetId: String(row['keyset_id']),
    firstCounter: Number(row['first_counter']),
    amounts: (JSON.parse(String(row['amounts'])) as string[]).map(BigInt),
    foreignInputs: unpackProofs(row['foreign_inputs']),
  };
}
