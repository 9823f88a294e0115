import type { DatabaseSync } from 'node:sqlite';
import { inTransaction } from '../../runtime/sql/database.ts';
import type { History, HistoryKind } from './history.ts';
import type { Keyset, Keysets } from './keysets.ts';
import type { LockedOutputs } from './locked-outputs.ts';
import { packLocked, packMelt, packProofs, toOperation } from './operation-row.ts';
import type { Proof, Proofs } from './proofs.ts';
import type { Quotes } from './quotes.ts';

/** An operation whose process is alive is left alone for this long: settling it takes two requests of 20 s at most. */
const LEASE_MS = 60_000;

/** A proof that belongs to somebody else's token, which an operation swaps for our own. */
export interface ForeignProof extends Omit<Proof, 'dleq'> {
  /** What opens its lock, where it has one (NUT-11, NUT-14). */
  readonly unlock?: { readonly preimage: string | undefined; readonly keyIndexes: readonly number[] };
}

/** A request to the mint that was written down before it was sent; its outputs follow from the counters. */
export interface Operation {
  readonly id: number;
  /** `lock` swaps our own proofs for a token that somebody else's key or a preimage opens, `redeem` those of an epoch for sats. */
  readonly kind: 'mint' | 'swap' | 'consolidate' | 'receive' | 'lock' | 'melt' | 'redeem';
  readonly unit: string;
  readonly keysetId: string;
  readonly firstCounter: number;
  /** Of our own outputs, in units, in the order of their counters. */
  readonly amounts: readonly bigint[];
  /** What the mint keeps of the inputs, in units. */
  readonly fee: bigint;
  /** What `lock` hands out besides. */
  readonly locked: LockedOutputs | undefined;
  /** What `melt` pays: the mint's quote, and its amount without fees, in units. */
  readonly melt: { readonly quote: string; readonly amount: bigint } | undefined;
  /** What it is for, in words, for the history. */
  readonly note: string;
  /** What `receive` swaps; empty for the others. */
  readonly foreignInputs: readonly ForeignProof[];
}

/** What a new operation takes hold of, chosen in the transaction that writes it down. */
export interface Draft {
  readonly kind: Operation['kind'];
  readonly keyset: Keyset;
  /** Claims quotes or reserves proofs for the operation; undefined to leave it. */
  claim(operation: number): Claim | undefined;
  readonly foreignInputs?: readonly ForeignProof[];
  readonly locked?: LockedOutputs;
  readonly melt?: Operation['melt'];
  readonly note?: string;
}

/** What an operation makes of what it has taken hold of, in units. */
export interface Claim {
  readonly amounts: readonly bigint[];
  readonly fee: bigint;
}

/** What the mint's signatures have become. */
export interface Made {
  readonly own: readonly Proof[];
  /** The token of `locked`, and its proofs. */
  readonly handedOut?: { readonly token: string; readonly proofs: readonly Proof[] };
}

/** How the history calls what an operation did. */
const historyKinds: Readonly<Record<Operation['kind'], HistoryKind>> = {
  mint: 'minted',
  swap: 'swapped',
  consolidate: 'consolidated',
  receive: 'received',
  lock: 'sent',
  melt: 'melted',
  redeem: 'redeemed',
};

/** The record of what was asked of the mint. Each method is one transaction. */
export interface Journal {
  begin(draft: Draft): Operation | undefined;
  /** The mint's signatures are in: new proofs in, inputs spent, quotes gone. The same result twice changes nothing. */
  complete(operation: Operation, made: Made): void;
  /** The mint has refused and signed nothing: quotes, proofs and counters are free again. */
  refuse(operation: Operation, reason: string): void;
  /**
   * The mint has refused since its outputs were signed for something else: the database is an older copy, whose
   * counters were used before. As `refuse`, and the next use of counters is preceded by a restore.
   */
  outdated(operation: Operation, reason: string): void;
  /** Proofs that the mint knows as spent; returns the units that the wallet held of them until then. */
  lost(secrets: readonly string[], why: string): bigint;
  /** Proofs that a restore has found, whether they were here before or not. */
  restored(unit: string, found: readonly Proof[]): void;
  /** No answer, or none yet for a `reason`: whoever comes next may ask again. */
  letGo(operation: Operation, reason?: string): void;
  /** An answer that can't be used; it stays pending and is asked for again when the lease is over. */
  suspend(operation: Operation, reason: string): void;
  /** Deletes operations that ended before `time` and that nothing refers to any more. */
  forgetEndedBefore(time: number): void;
  /** Takes over operations whose process is gone, let go or has kept them too long. */
  takeOver(): Operation[];
  /** How many that mint tokens of a unit have no answer that can be used. */
  unanswered(unit: string): number;
}

/** What an operation reads and writes. */
export interface Stores {
  readonly keysets: Keysets;
  readonly proofs: Proofs;
  readonly quotes: Quotes;
  readonly history: History;
}

/**
 * @param db opened with `walletSchema`
 * @param clock milliseconds since 1970
 */
export function openJournal(
  db: DatabaseSync,
  { keysets, proofs, quotes, history }: Stores,
  clock: () => number,
): Journal {
  const insert = db.prepare(
    `INSERT INTO operations (kind, state, keyset_id, unit, foreign_inputs, locked, melt, note, pid, since)
     VALUES (?, 'pending', ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
  );
  const setOutputs = db.prepare('UPDATE operations SET first_counter = ?, amounts = ?, fee = ? WHERE id = ?');
  const setToken = db.prepare('UPDATE operations SET token = ? WHERE id = ?');
  const remove = db.prepare('DELETE FROM operations WHERE id = ?');
  const finish = db.prepare(
    `UPDATE operations SET state = ?1, reason = ?2, since = ?3, foreign_inputs = NULL, locked = NULL
     WHERE id = ?4 AND state != ?1`,
  );
  const hold = db.prepare(
    'UPDATE operations SET pid = ?, since = ?, reason = coalesce(?, reason) WHERE id = ?',
  );
  const forget = db.prepare(
    `DELETE FROM operations WHERE since < ? AND state != 'pending'
       AND NOT EXISTS (SELECT 1 FROM proofs WHERE operation = operations.id)`,
  );
  const pending = db.prepare(`SELECT * FROM operations WHERE state = 'pending' ORDER BY id`);
  pending.setReadBigInts(true);
  const unanswered = db.prepare(
    `SELECT count(*) AS number FROM operations
     WHERE state = 'pending' AND kind = 'mint' AND unit = ? AND (pid = 0 OR reason IS NOT NULL)`,
  );
  const wantRestore = db.prepare('UPDATE wallet SET restored_at = NULL');

  /** @returns whether it was not refused before */
  function refuse({ id }: Operation, reason: string): boolean {
    proofs.giveBack(id, clock());
    quotes.giveBack(id);
    return finish.run('refused', reason, clock(), id).changes > 0;
  }

  return {
    begin: ({ kind, keyset, claim, foreignInputs = [], locked, melt, note = '' }) =>
      inTransaction(db, () => {
        const { id: keysetId, unit } = keyset;
        const packed = [packProofs(foreignInputs), packLocked(locked), packMelt(melt)];
        const row = [kind, keysetId, unit, ...packed, note, process.pid, clock()];
        const id = Number(insert.get(...row)?.['id']);
        const claimed = claim(id);
        if (!claimed) {
          remove.run(id);
          return undefined;
        }
        const { amounts, fee } = claimed;
        const firstCounter = keysets.takeCounters(keysetId, amounts.length);
        setOutputs.run(firstCounter, JSON.stringify(amounts.map(String)), fee, id);
        return { id, kind, unit, keysetId, firstCounter, amounts, fee, foreignInputs, locked, melt, note };
      }),
    complete: (operation, { own, handedOut }) =>
      inTransaction(db, () => {
        const { id, kind, unit, melt, note } = operation;
        const spent = [...proofs.reservedBy(id), ...operation.foreignInputs].map(({ secret }) => secret);
        // A restore may have found some of it before: what has changed is what counts.
        const spentByUnit = proofs.markSpent(spent, clock());
        const lost = spentByUnit.get(unit) ?? 0n;
        const gained = proofs.add(own, clock());
        if (handedOut) {
          proofs.addSent(handedOut.proofs, id, clock());
          setToken.run(handedOut.token, id);
        }
        quotes.minted(id, clock());
        if (finish.run('done', null, clock(), id).changes === 0) return;
        // What a payment has cost shows in its change alone.
        const fee = melt ? atLeastZero(lost - gained - melt.amount) : operation.fee;
        const news = { kind: historyKinds[kind], note };
        for (const [other, amount] of spentByUnit)
          if (other !== unit) history.add({ ...news, unit: other, amount: -amount, fee: 0n }, clock());
        history.add({ ...news, unit, amount: gained - lost + fee, fee }, clock());
      }),
    refuse: (operation, reason) =>
      inTransaction(db, () => {
        const { keysetId, firstCounter, amounts } = operation;
        if (refuse(operation, reason)) keysets.giveBackCounters(keysetId, firstCounter, amounts.length);
      }),
    outdated: (operation, reason) =>
      inTransaction(db, () => {
        refuse(operation, reason);
        wantRestore.run();
      }),
    lost: (secrets, note) =>
      inTransaction(db, () => {
        let sum = 0n;
        for (const [unit, amount] of proofs.markSpent(secrets, clock())) {
          history.add({ kind: 'lost', unit, amount: -amount, fee: 0n, note }, clock());
          sum += amount;
        }
        return sum;
      }),
    restored: (unit, found) =>
      inTransaction(db, () => {
        const amount = proofs.add(found, clock());
        history.add({ kind: 'restored', unit, amount, fee: 0n, note: '' }, clock());
      }),
    letGo: (operation, reason) => {
      hold.run(0, clock(), reason ?? null, operation.id);
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
    unanswered: (unit) => Number(unanswered.get(unit)?.['number']),
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

function atLeastZero(amount: bigint): bigint {
  return amount > 0n ? amount : 0n;
}
