import { Outcome } from '../../../domain/quotes/state.ts';
import { equalBytes } from '../../../protocols/bytes.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import { getEach, runEach } from '../../../runtime/sql/together.ts';
import type { WorkAllowance } from '../work-intake/work-cap.ts';
import { poolHours } from './pool-hours.ts';
import { bigInteger, blob, integer, type Row, text } from './row.ts';
import { tallies } from './tallies.ts';

/** A record of work that passed, to become a quote. */
export interface AcceptedWork {
  readonly reason: undefined;
  readonly quoteId: Uint8Array;
  readonly shareHashLe: Uint8Array;
  readonly exponent: number;
  readonly segment: number;
  /** The node does not know the prev hash: unpaid until it does. */
  readonly isWaiting: boolean;
  /** Why it is refused unless it is a quote already: it may have been one that was lost. */
  readonly lost?: string | undefined;
  readonly header: Uint8Array;
  readonly k: number;
  readonly key: Uint8Array;
}

/** A record that can never be paid. */
export type RefusedWork = Pick<AcceptedWork, 'header' | 'k' | 'key'> & { readonly reason: string };

export type JudgedWork = AcceptedWork | RefusedWork;

/** Consecutive records of one outbox. */
export interface WorkBatch {
  readonly poolId: Uint8Array;
  readonly outboxId: Uint8Array;
  /** Sequence number of the first record; the others follow without a gap. */
  readonly firstSeq: bigint;
  readonly records: readonly JudgedWork[];
  /** What the pool may deliver; undefined for as much as it likes. */
  readonly allowance?: WorkAllowance | undefined;
}

export interface Refusal {
  readonly seq: bigint;
  readonly reason: string;
}

export interface StoredWork {
  /** The number of the last record that was stored. */
  readonly storedSeq: bigint;
  /** All refusals under the batch's numbers, also those of an earlier delivery, which may have gone unheard. */
  readonly refusals: Refusal[];
  readonly conflicts: number;
  /** The pool is at its cap: what comes after storedSeq waits. */
  readonly isFull: boolean;
}

/** How far an outbox is. */
export interface OutboxProgress {
  /** The last sequence number stored, 0 for none. */
  readonly storedSeq: bigint;
  /** The last one that a loss of the database can't take away. */
  readonly backedUpSeq: bigint;
  /** The database lost what came after a backup, and the outbox has not sent anything since. */
  readonly isBehind: boolean;
}

export interface WaitingWork {
  readonly quote: number;
  readonly quoteId: Uint8Array;
  readonly poolId: Uint8Array;
  readonly header: Uint8Array;
}

/** A quote whose wait is over. */
export interface SettledWork {
  readonly quoteId: Uint8Array;
  readonly segment: number | undefined;
  /** Why it is void, where it is. */
  readonly reason: string | undefined;
}

/** A record with its sequence number. */
type Numbered<W> = W & { readonly seq: bigint };

/** Refusals and conflicts that are kept whole for an outbox; later ones are only counted. */
const MAX_KEPT = 100_000;

/** Stores work and what is known about each outbox. */
export function workOperations(db: Database) {
  const tally = tallies(db);
  const hours = poolHours(db);
  const findOutbox = db.prepare(
    'SELECT outbox, stored_seq FROM outboxes WHERE pool_id = ? AND outbox_id = ?',
  );
  findOutbox.setReadBigInts(true);
  const addOutbox = db.prepare(
    'INSERT INTO outboxes (pool_id, outbox_id, stored_seq) VALUES (?, ?, 0) RETURNING outbox, stored_seq',
  );
  addOutbox.setReadBigInts(true);
  const progress = db.prepare(`
    SELECT stored_seq, loss, CASE WHEN is_on = 1 THEN stored_seq ELSE backed_up_seq END AS backed_up_seq
    FROM outboxes CROSS JOIN journal WHERE pool_id = ? AND outbox_id = ?`);
  progress.setReadBigInts(true);
  const lastLoss = db.prepare('SELECT coalesce(max(loss), 0) AS loss FROM losses');
  lastLoss.setReadBigInts(true);
  const advance = db.prepare(`
    UPDATE outboxes SET stored_seq = ?, loss = (SELECT coalesce(max(loss), 0) FROM losses)
    WHERE outbox = ? AND stored_seq < ?`);
  const count = db.prepare(
    'UPDATE outboxes SET refused = refused + ?, conflicts = conflicts + ? WHERE outbox = ? RETURNING refused, conflicts',
  );
  const addQuote = db.prepare(`
    INSERT INTO quotes (id, share_hash, public_key, k, exponent, segment, outcome) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (share_hash) DO NOTHING RETURNING quote`);
  const byShare = db.prepare('SELECT quote, public_key, k FROM quotes WHERE share_hash = ?');
  const addWaiting = db.prepare('INSERT INTO waiting (quote, outbox, seq, header) VALUES (?, ?, ?, ?)');
  const addRefusal = db.prepare(`
    INSERT INTO refusals (outbox, seq, reason, header, k, public_key) VALUES (?, ?, ?, ?, ?, ?)`);
  const addConflict = db.prepare(`
    INSERT INTO conflicts (outbox, seq, quote, k, public_key) VALUES (?, ?, ?, ?, ?)`);
  const hasRefusal = db.prepare('SELECT 1 FROM refusals WHERE outbox = ? AND seq = ?');
  const hasConflict = db.prepare('SELECT 1 FROM conflicts WHERE outbox = ? AND seq = ?');
  const refusalsIn = db.prepare(
    'SELECT seq, reason FROM refusals WHERE outbox = ? AND seq BETWEEN ? AND ? ORDER BY seq',
  );
  refusalsIn.setReadBigInts(true);
  const waitingAfter = db.prepare(`
    SELECT quote, quotes.id, header, pool_id FROM waiting JOIN quotes USING (quote) JOIN outboxes USING (outbox)
    WHERE quote > ? ORDER BY quote LIMIT ?`);
  const place = db.prepare(
    `UPDATE quotes SET outcome = ?, segment = ? WHERE quote = ? AND outcome + 0 = ${Outcome.waiting}`,
  );
  const findWaiting = db.prepare(`
    SELECT quote, outbox, seq, header, k, public_key, exponent, segment FROM waiting JOIN quotes USING (quote)
    WHERE quotes.id = ?`);
  const dropWaiting = db.prepare('DELETE FROM waiting WHERE quote = ?');

  function outboxOf({ poolId, outboxId }: WorkBatch): { outbox: bigint; storedSeq: bigint } {
    const row = findOutbox.get(poolId, outboxId) ?? addOutbox.get(poolId, outboxId) ?? {};
    return { outbox: bigInteger(row, 'outbox'), storedSeq: bigInteger(row, 'stored_seq') };
  }

  function keep(outbox: bigint, what: 'refused' | 'conflicts'): boolean {
    const row = count.get(what === 'refused' ? 1 : 0, what === 'conflicts' ? 1 : 0, outbox);
    return row !== undefined && integer(row, what) <= MAX_KEPT;
  }

  function refuse(outbox: bigint, seq: bigint, { reason, header, k, key }: RefusedWork): void {
    if (hasRefusal.get(outbox, seq)) return;
    if (keep(outbox, 'refused')) addRefusal.run(outbox, seq, reason, header, k, key);
  }

  /** Stores quotes that are new. @returns those whose share is not */
  function storeQuotes(outbox: bigint, works: readonly Numbered<AcceptedWork>[]): Numbered<AcceptedWork>[] {
    const rows = getEach(
      addQuote,
      works.map(({ quoteId, shareHashLe, key, k, exponent, segment, isWaiting }) => {
        return [quoteId, shareHashLe, key, k, exponent, segment, isWaiting ? Outcome.waiting : Outcome.open];
      }),
    );
    const waiting = works.flatMap(({ isWaiting, seq, header }, i) => {
      const row = rows[i];
      return row && isWaiting ? [[integer(row, 'quote'), outbox, seq, header]] : [];
    });
    runEach(addWaiting, waiting);
    return works.filter((_, i) => !rows[i]);
  }

  function withoutLost(work: JudgedWork): JudgedWork {
    if (work.reason !== undefined || work.lost === undefined || byShare.get(work.shareHashLe)) return work;
    const { lost: reason, header, k, key } = work;
    return { reason, header, k, key };
  }

  /** Whether a share that came again comes with another key or k, and was not told of as such before. */
  function isConflict(outbox: bigint, { seq, shareHashLe, k, key }: Numbered<AcceptedWork>): boolean {
    const first = byShare.get(shareHashLe);
    if (first && integer(first, 'k') === k && equalBytes(blob(first, 'public_key'), key)) return false;
    if (hasConflict.get(outbox, seq)) return false;
    if (first && keep(outbox, 'conflicts')) addConflict.run(outbox, seq, integer(first, 'quote'), k, key);
    return true;
  }

  return {
    /** How far an outbox is. What a journal has noted counts as backed up. */
    outboxProgress: ({ poolId, outboxId }: Pick<WorkBatch, 'poolId' | 'outboxId'>): OutboxProgress => {
      const row = progress.get(poolId, outboxId) ?? { stored_seq: 0n, backed_up_seq: 0n, loss: 0n };
      return {
        storedSeq: bigInteger(row, 'stored_seq'),
        backedUpSeq: bigInteger(row, 'backed_up_seq'),
        isBehind: bigInteger(lastLoss.get() ?? {}, 'loss') > bigInteger(row, 'loss'),
      };
    },

    /**
     * W2: quotes, refusals, conflicts and the outbox's progress, all or nothing. What is stored already stays as it
     * is; a batch beyond the next one stores nothing, and what the pool's hour has no room for is left for later: the
     * answer says where to go on.
     */
    storeWork: (batch: WorkBatch): StoredWork => {
      const { outbox, storedSeq } = outboxOf(batch);
      if (batch.firstSeq > storedSeq + 1n) {
        return { storedSeq, refusals: [], conflicts: 0, isFull: false };
      }
      const { poolId, allowance } = batch;
      const { records, isFull } = allowance
        ? hours.within(poolId, batch.records, allowance)
        : { records: batch.records, isFull: false };
      const numbered = records.map((work, i) => ({
        ...withoutLost(work),
        seq: batch.firstSeq + BigInt(i),
      }));
      for (const work of numbered) if (work.reason !== undefined) refuse(outbox, work.seq, work);
      const accepted = numbered.filter((work) => work.reason === undefined);
      const known = new Set(storeQuotes(outbox, accepted));
      const created = accepted.filter((work) => !known.has(work));
      tally('created', created);
      if (allowance)
        hours.note(
          poolId,
          created.map(({ exponent }) => exponent),
          allowance,
        );
      const conflicts = [...known].filter((work) => isConflict(outbox, work)).length;
      const last = batch.firstSeq + BigInt(records.length) - 1n;
      runEach(advance, [[last, outbox, last]]);
      const refusals = refusalsIn.all(outbox, batch.firstSeq, last).map(refusalOf);
      return { storedSeq: last, refusals, conflicts, isFull };
    },

    /** Some of the quotes that wait for their prev hash, in the order they came. */
    waiting: ({ after, limit }: { after: number; limit: number }): WaitingWork[] =>
      waitingAfter.all(after, limit).map((row) => {
        const [quoteId, poolId, header] = [blob(row, 'id'), blob(row, 'pool_id'), blob(row, 'header')];
        return { quote: integer(row, 'quote'), quoteId, poolId, header };
      }),

    /**
     * Ends the wait of quotes: into a segment, or void for a reason. Precondition: it still waits, else it is left alone.
     */
    settle: (settled: readonly SettledWork[]): void => {
      const voided = settled.flatMap(({ quoteId, segment, reason }) => {
        const row = findWaiting.get(quoteId);
        if (!row) return [];
        const quote = integer(row, 'quote');
        const isVoid = reason !== undefined;
        place.run(isVoid ? Outcome.void : Outcome.open, segment ?? integer(row, 'segment'), quote);
        dropWaiting.run(quote);
        if (!isVoid) return [];
        const work = {
          reason,
          header: blob(row, 'header'),
          k: integer(row, 'k'),
          key: blob(row, 'public_key'),
        };
        refuse(BigInt(integer(row, 'outbox')), BigInt(integer(row, 'seq')), work);
        return [{ segment: integer(row, 'segment'), exponent: integer(row, 'exponent') }];
      });
      tally('void', voided);
    },
  };
}

function refusalOf(row: Row): Refusal {
  return { seq: bigInteger(row, 'seq'), reason: text(row, 'reason') };
}
