import { Outcome } from '../../../domain/quotes/state.ts';
import { equalBytes } from '../../../protocols/bytes.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import { getEach, runEach } from '../../../runtime/sql/together.ts';
import type { WorkAllowance } from '../work-intake/work-cap.ts';
import { lateWork } from './late-work.ts';
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
  /** One ehash is 2^minimumDifficulty hashes where `exponent` was counted. */
  readonly minimumDifficulty?: number;
  /** It can't be told yet which segment is its: unpaid until it can. */
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
  /** The height of the highest block that these records build on, as far as known. */
  readonly reachedHeight?: number | undefined;
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
  readonly k: number;
  readonly shareHashLe: Uint8Array;
}

/** A quote whose wait is over. */
export interface SettledWork {
  readonly quoteId: Uint8Array;
  readonly segment: number | undefined;
  /** What it is worth there; undefined for what it was when it came. */
  readonly exponent?: number | undefined;
  /** Why it is void, where it is. */
  readonly reason: string | undefined;
}

/** Why work that has come to be in another epoch than it was counted for is not paid. */
const WORTHLESS = 'below-minimum-difficulty: it is worth nothing in the epoch that it came to be in';

/** The epoch that a record is too late for. */
interface Late {
  readonly lateFor?: number | undefined;
}

/** A record with its sequence number. */
type Numbered<W> = W & { readonly seq: bigint };

/** Refusals and conflicts that are kept whole for an outbox; later ones are only counted. */
const MAX_KEPT = 100_000;

/** Stores work and what is known about each outbox. */
export function workOperations(db: Database) {
  const tally = tallies(db);
  const hours = poolHours(db);
  const late = lateWork(db);
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
    SELECT quote, quotes.id, header, k, share_hash, pool_id FROM waiting JOIN quotes USING (quote) JOIN outboxes USING (outbox)
    WHERE quote > ? ORDER BY quote LIMIT ?`);
  const place = db.prepare(
    `UPDATE quotes SET outcome = ?, segment = ?, exponent = ? WHERE quote = ? AND outcome + 0 = ${Outcome.waiting}`,
  );
  const findWaiting = db.prepare(`
    SELECT quote, outbox, seq, header, k, public_key, share_hash, exponent, segment FROM waiting JOIN quotes USING (quote)
    WHERE quotes.id = ?`);
  const reach = db.prepare('UPDATE outboxes SET reached_height = ? WHERE outbox = ? AND reached_height < ?');
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

  /**
   * Work of an epoch whose price is fixed goes into the open one, or is refused where it is worth nothing there. What waits
   * may do so there, too: it has its verdict, and counts as late, when its wait is over.
   */
  function inOpenSegments(works: readonly Numbered<JudgedWork>[]): (Numbered<JudgedWork> & Late)[] {
    const accepted = works.filter((work) => work.reason === undefined);
    const places = new Map(late.place(accepted).map((placed, i) => [accepted[i], placed]));
    return works.map((work) => {
      const placed = work.reason === undefined ? places.get(work) : undefined;
      if (work.reason !== undefined || !placed) return work;
      const { exponent, ...rest } = placed;
      if (work.isWaiting) return { ...work, segment: rest.segment, exponent: exponent ?? work.exponent };
      const { header, k, key, seq } = work;
      return exponent === undefined
        ? { reason: WORTHLESS, header, k, key, seq }
        : { ...work, ...rest, exponent };
    });
  }

  /** Stores quotes that are new. @returns those whose share is not */
  function storeQuotes(
    outbox: bigint,
    works: readonly (Numbered<AcceptedWork> & Late)[],
  ): Numbered<AcceptedWork>[] {
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
    works.forEach(({ lateFor }, i) => {
      const row = rows[i];
      if (row && lateFor !== undefined) late.mark(integer(row, 'quote'), lateFor);
    });
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

  function settleOne(row: Row, { segment, exponent, reason: given }: SettledWork): void {
    const quote = integer(row, 'quote');
    const before = { segment: integer(row, 'segment'), exponent: integer(row, 'exponent') };
    const work = { k: integer(row, 'k'), shareHashLe: blob(row, 'share_hash') };
    const wanted = { ...work, segment: segment ?? before.segment, exponent: exponent ?? before.exponent };
    const [placed] = late.place([wanted]);
    const reason = given ?? (placed?.exponent === undefined ? WORTHLESS : undefined);
    dropWaiting.run(quote);
    if (reason !== undefined) {
      place.run(Outcome.void, before.segment, before.exponent, quote);
      tally('void', [before]);
      const refused = { reason, header: blob(row, 'header'), k: work.k, key: blob(row, 'public_key') };
      refuse(BigInt(integer(row, 'outbox')), BigInt(integer(row, 'seq')), refused);
      return;
    }
    const after = {
      segment: placed?.segment ?? wanted.segment,
      exponent: placed?.exponent ?? wanted.exponent,
    };
    place.run(Outcome.open, after.segment, after.exponent, quote);
    if (placed?.lateFor !== undefined) late.mark(quote, placed.lateFor);
    if (after.segment === before.segment && after.exponent === before.exponent) return;
    tally('created', [before], -1);
    tally('created', [after]);
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
      const numbered = inOpenSegments(
        records.map((work, i) => ({ ...withoutLost(work), seq: batch.firstSeq + BigInt(i) })),
      );
      for (const work of numbered) if (work.reason !== undefined) refuse(outbox, work.seq, work);
      const accepted = numbered.filter((work) => work.reason === undefined);
      const known = new Set(storeQuotes(outbox, accepted));
      const created = accepted.filter((work) => !known.has(work));
      tally('created', created);
      if (allowance) hours.note(poolId, created, allowance);
      const conflicts = [...known].filter((work) => isConflict(outbox, work)).length;
      const last = batch.firstSeq + BigInt(records.length) - 1n;
      runEach(advance, [[last, outbox, last]]);
      const { reachedHeight } = batch;
      if (reachedHeight !== undefined) runEach(reach, [[reachedHeight, outbox, reachedHeight]]);
      const refusals = refusalsIn.all(outbox, batch.firstSeq, last).map(refusalOf);
      return { storedSeq: last, refusals, conflicts, isFull };
    },

    /** Some of the quotes that wait for their prev hash, in the order they came. */
    waiting: ({ after, limit }: { after: number; limit: number }): WaitingWork[] =>
      waitingAfter.all(after, limit).map((row) => {
        const [quoteId, poolId, header] = [blob(row, 'id'), blob(row, 'pool_id'), blob(row, 'header')];
        const [k, shareHashLe] = [integer(row, 'k'), blob(row, 'share_hash')];
        return { quote: integer(row, 'quote'), quoteId, poolId, header, k, shareHashLe };
      }),

    /**
     * Ends the wait of quotes: into a segment, or void for a reason. Precondition: it still waits, else it is left alone.
     */
    settle: (settled: readonly SettledWork[]): void => {
      for (const verdict of settled) {
        const row = findWaiting.get(verdict.quoteId);
        if (row) settleOne(row, verdict);
      }
    },
  };
}

function refusalOf(row: Row): Refusal {
  return { seq: bigInteger(row, 'seq'), reason: text(row, 'reason') };
}
