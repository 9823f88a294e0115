import { Outcome } from '../../../domain/quotes/state.ts';
import { equalBytes } from '../../../protocols/bytes.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import { bigInteger, blob, integer, type Row, text } from './row.ts';

/** A record of work that passed, to become a quote. */
export interface AcceptedWork {
  readonly reason: undefined;
  readonly quoteId: Uint8Array;
  readonly shareHashLe: Uint8Array;
  readonly exponent: number;
  readonly segment: number;
  /** The node does not know the prev hash: unpaid until it does. */
  readonly isWaiting: boolean;
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
}

export interface Refusal {
  readonly seq: bigint;
  readonly reason: string;
}

export interface StoredWork {
  /** The number of the batch's last record. */
  readonly storedSeq: bigint;
  /** All refusals under the batch's numbers, also those of an earlier delivery, which may have gone unheard. */
  readonly refusals: Refusal[];
  /** Exponents of the quotes that are new. */
  readonly created: number[];
  readonly conflicts: number;
}

export interface WaitingWork {
  readonly quote: number;
  readonly poolId: Uint8Array;
  readonly header: Uint8Array;
}

/** Refusals and conflicts that are kept whole for an outbox; later ones are only counted. */
const MAX_KEPT = 100_000;

/** Stores work and what is known about each outbox. */
export function workOperations(db: Database) {
  const findOutbox = db.prepare(
    'SELECT outbox, stored_seq FROM outboxes WHERE pool_id = ? AND outbox_id = ?',
  );
  findOutbox.setReadBigInts(true);
  const addOutbox = db.prepare(
    'INSERT INTO outboxes (pool_id, outbox_id, stored_seq) VALUES (?, ?, 0) RETURNING outbox, stored_seq',
  );
  addOutbox.setReadBigInts(true);
  const advance = db.prepare('UPDATE outboxes SET stored_seq = ? WHERE outbox = ? AND stored_seq < ?');
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
    SELECT quote, header, pool_id FROM waiting JOIN outboxes USING (outbox)
    WHERE quote > ? ORDER BY quote LIMIT ?`);
  const place = db.prepare(
    `UPDATE quotes SET outcome = ?, segment = ? WHERE quote = ? AND outcome = ${Outcome.waiting}`,
  );
  const findWaiting = db.prepare(`
    SELECT outbox, seq, header, k, public_key, exponent, segment FROM waiting JOIN quotes USING (quote) WHERE quote = ?`);
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

  /** 'created', 'known' where the same share or claim came before, 'conflict' where the share came with another key or k. */
  function storeQuote(outbox: bigint, seq: bigint, work: AcceptedWork): 'created' | 'known' | 'conflict' {
    const { quoteId, shareHashLe, key, k, exponent, segment } = work;
    const outcome = work.isWaiting ? Outcome.waiting : Outcome.open;
    const added = addQuote.get(quoteId, shareHashLe, key, k, exponent, segment, outcome);
    if (added) {
      if (work.isWaiting) addWaiting.run(integer(added, 'quote'), outbox, seq, work.header);
      return 'created';
    }
    const first = byShare.get(shareHashLe);
    if (first && integer(first, 'k') === k && equalBytes(blob(first, 'public_key'), key)) return 'known';
    if (hasConflict.get(outbox, seq)) return 'known';
    if (first && keep(outbox, 'conflicts')) addConflict.run(outbox, seq, integer(first, 'quote'), k, key);
    return 'conflict';
  }

  return {
    /** The last sequence number stored of an outbox, 0 for none. */
    storedSeq: ({ poolId, outboxId }: Pick<WorkBatch, 'poolId' | 'outboxId'>): bigint => {
      const row = findOutbox.get(poolId, outboxId);
      return row ? bigInteger(row, 'stored_seq') : 0n;
    },

    /**
     * W2: quotes, refusals, conflicts and the outbox's progress, all or nothing. What is stored already stays as it
     * is; a batch beyond the next one stores nothing, and its answer says where to go on.
     */
    storeWork: (batch: WorkBatch): StoredWork => {
      const { outbox, storedSeq } = outboxOf(batch);
      const created: number[] = [];
      let conflicts = 0;
      if (batch.firstSeq > storedSeq + 1n) return { storedSeq, refusals: [], created, conflicts };
      let seq = batch.firstSeq;
      for (const work of batch.records) {
        if (work.reason !== undefined) refuse(outbox, seq, work);
        else {
          const result = storeQuote(outbox, seq, work);
          if (result === 'created') created.push(work.exponent);
          if (result === 'conflict') conflicts++;
        }
        seq++;
      }
      const last = seq - 1n;
      advance.run(last, outbox, last);
      const refusals = refusalsIn.all(outbox, batch.firstSeq, last).map(refusalOf);
      return { storedSeq: last, refusals, created, conflicts };
    },

    /** Some of the quotes that wait for their prev hash, in the order they came. */
    waiting: ({ after, limit }: { after: number; limit: number }): WaitingWork[] =>
      waitingAfter.all(after, limit).map((row) => {
        return { quote: integer(row, 'quote'), poolId: blob(row, 'pool_id'), header: blob(row, 'header') };
      }),

    /**
     * Ends the wait of a quote: into its segment, or void for a reason. Precondition: it still waits.
     * @returns the exponents that became void
     */
    settle: (
      settled: readonly { quote: number; segment: number | undefined; reason: string | undefined }[],
    ): number[] =>
      settled.flatMap(({ quote, segment, reason }) => {
        const row = findWaiting.get(quote);
        if (!row) return [];
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
        return [integer(row, 'exponent')];
      }),
  };
}

function refusalOf(row: Row): Refusal {
  return { seq: bigInteger(row, 'seq'), reason: text(row, 'reason') };
}
