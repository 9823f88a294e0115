import type { DatabaseSync } from 'node:sqlite';
import { inTransaction } from '../../runtime/sql/database.ts';
import type { QuoteNews } from './quote-pages.ts';

/** How a quote is paid: by shares, or over Lightning (NUT-23). */
export type QuoteMethod = 'ehash' | 'bolt11';

/** A quote that the mint holds for one of our lock keys (NUT-04), as far as it matters here. */
export interface Quote {
  readonly id: string;
  readonly method: QuoteMethod;
  readonly keyIndex: number;
  readonly unit: string;
  readonly amount: bigint;
  readonly state: 'UNPAID' | 'PAID';
}

/** A batch adds up to no more than the largest amount of a keyset, so that it needs no amount twice. */
const MAX_BATCH_SUM = 1n << 62n;
/** A quote that the mint refused is tried again after this time, and alone. */
const REFUSED_PAUSE_MS = 3_600_000;

/** An invoice is asked after for so long after its end: a payment may be on its way. */
const LATE_PAYMENT_MS = 24 * 3_600_000;

/** Quotes that are minted together. */
export interface MintableKind {
  readonly method: QuoteMethod;
  readonly unit: string;
}

/** Refusals that are told, the latest. */
const REFUSALS_TOLD = 100;
/** Longer than any look-up takes. */
const MINTED_KEPT_MS = 3_600_000;

/** Quotes that are not tokens yet. */
export interface Quotes {
  /**
   * Stores what a look-up found at `now`; returns those that were new or have changed. The mint can move a quote to
   * another epoch, and count it anew, while it waits for its block; where it was refused for that, it is tried again at
   * once.
   */
  note(quotes: readonly Quote[], now: number): Quote[];
  /** Stores how some of them stand; forgets what has ended without us. @returns whether one stands otherwise than before */
  follow(news: readonly QuoteNews[]): boolean;
  /** Adds an invoice that was made. @param expiresAt milliseconds since 1970 */
  addInvoice(quote: Quote, expiresAt: number, now: number): void;
  /** Invoices that are not paid, those longest not looked at first; forgets those long ended. */
  unpaidInvoices(limit: number, now: number): Quote[];
  /** Forgets what a look-up of all of `keyIndexes`, begun at `time`, did not find: it ended without us, or as VOID. */
  dropUnseen(keyIndexes: readonly number[], time: number): void;
  /** What can be minted now. */
  mintableKinds(now: number): MintableKind[];
  /** Ids of quotes for the next batch of a kind: PAID, in no operation, at most `limit`. */
  mintable(kind: MintableKind, limit: number, now: number): string[];
  /** Inside a transaction: gives those of `ids` that nobody has claimed yet to `operation`. */
  claim(ids: readonly string[], operation: number): Quote[];
  claimedBy(operation: number): Quote[];
  /** Inside a transaction: the operation has minted its quotes. */
  minted(operation: number, now: number): void;
  /** Inside a transaction: the operation was refused. */
  giveBack(operation: number): void;
  refused(id: string, reason: string, now: number): void;
  sums(): { unit: string; method: QuoteMethod; state: Quote['state']; amount: bigint }[];
  refusals(): { id: string; amount: bigint; reason: string }[];
}

/** @param db opened with `walletSchema` */
export function openQuotes(db: DatabaseSync): Quotes {
  const note = db.prepare(
    `INSERT INTO quotes (id, method, key_index, unit, amount, state, seen_at) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at WHERE state != 'MINTED'`,
  );
  const known = db.prepare('SELECT 1 FROM quotes WHERE id = ?');
  // One that an operation has claimed is in that operation's unit, and counts as much there, until it ends.
  const change = db.prepare(
    `UPDATE quotes SET unit = ?1, amount = ?2, state = ?3, refused_at = NULL, refusal = NULL
     WHERE id = ?4 AND (unit, amount, state) != (?1, ?2, ?3) AND operation IS NULL AND state != 'MINTED'`,
  );
  const drop = db.prepare(`DELETE FROM quotes WHERE id = ? AND operation IS NULL AND state != 'MINTED'`);
  const dropUnseen = db.prepare(
    `DELETE FROM quotes
     WHERE key_index = ? AND seen_at < ? AND operation IS NULL AND state != 'MINTED' AND method = 'ehash'`,
  );
  const setExpiry = db.prepare('UPDATE quotes SET expires_at = ? WHERE id = ?');
  const forgetInvoices = db.prepare(
    `DELETE FROM quotes WHERE method = 'bolt11' AND state = 'UNPAID' AND expires_at < ?`,
  );
  const invoices = db.prepare(
    `SELECT id, method, key_index, unit, amount, state FROM quotes WHERE method = 'bolt11' AND state = 'UNPAID'
       AND (refused_at IS NULL OR refused_at < ?) ORDER BY seen_at LIMIT ?`,
  );
  invoices.setReadBigInts(true);
  const forgetMinted = db.prepare(`DELETE FROM quotes WHERE state = 'MINTED' AND seen_at < ?`);
  const free = `state = 'PAID' AND operation IS NULL AND (refused_at IS NULL OR refused_at < ?)`;
  const kinds = db.prepare(`SELECT DISTINCT method, unit FROM quotes WHERE ${free}`);
  const mintable = db.prepare(
    `SELECT id, amount, refused_at FROM quotes WHERE method = ? AND unit = ? AND ${free} ORDER BY refused_at NULLS FIRST, rowid LIMIT ?`,
  );
  mintable.setReadBigInts(true);
  const claim = db.prepare(
    `UPDATE quotes SET operation = ? WHERE id = ? AND operation IS NULL AND state = 'PAID'`,
  );
  const claimed = db.prepare(
    'SELECT id, method, key_index, unit, amount, state FROM quotes WHERE operation = ? ORDER BY rowid',
  );
  claimed.setReadBigInts(true);
  const minted = db.prepare(
    `UPDATE quotes SET state = 'MINTED', operation = NULL, seen_at = ? WHERE operation = ?`,
  );
  const giveBack = db.prepare('UPDATE quotes SET operation = NULL WHERE operation = ?');
  const refuse = db.prepare('UPDATE quotes SET refused_at = ?, refusal = ? WHERE id = ?');
  const sums = db.prepare(
    `SELECT unit, method, state, amount, count(*) AS number FROM quotes
     WHERE state = 'PAID' OR (state = 'UNPAID' AND method = 'ehash') GROUP BY 1, 2, 3, 4`,
  );
  sums.setReadBigInts(true);
  const refusals = db.prepare(
    `SELECT id, amount, refusal FROM quotes WHERE refusal IS NOT NULL AND state != 'MINTED' ORDER BY refused_at DESC LIMIT ${REFUSALS_TOLD}`,
  );
  refusals.setReadBigInts(true);
  const claimedBy = (operation: number) => claimed.all(operation).map(toQuote);

  /** @returns whether it was new or has changed */
  function store({ id, method, keyIndex, unit, amount, state }: Quote, now: number): boolean {
    const isNew = known.get(id) === undefined;
    note.run(id, method, keyIndex, unit, amount, state, now);
    return change.run(unit, amount, state, id).changes > 0 || isNew;
  }

  return {
    note: (quotes, now) => inTransaction(db, () => quotes.filter((quote) => store(quote, now))),
    follow: (news) =>
      inTransaction(db, () => {
        const changed = news.filter(({ id, unit, amount, state }) => {
          const isOpen = state === 'PAID' || state === 'UNPAID';
          const { changes } = isOpen ? change.run(unit, amount, state, id) : drop.run(id);
          return changes > 0;
        });
        return changed.length > 0;
      }),
    addInvoice: (quote, expiresAt, now) =>
      inTransaction(db, () => {
        store(quote, now);
        setExpiry.run(expiresAt, quote.id);
      }),
    unpaidInvoices: (limit, now) => {
      forgetInvoices.run(now - LATE_PAYMENT_MS);
      return invoices.all(now - REFUSED_PAUSE_MS, limit).map(toQuote);
    },
    dropUnseen: (keyIndexes, time) =>
      inTransaction(db, () => {
        for (const keyIndex of keyIndexes) dropUnseen.run(keyIndex, time);
        forgetMinted.run(time - MINTED_KEPT_MS);
      }),
    mintableKinds: (now) =>
      kinds.all(now - REFUSED_PAUSE_MS).map((row) => {
        return { method: row['method'] as QuoteMethod, unit: String(row['unit']) };
      }),
    mintable: ({ method, unit }, limit, now) => {
      const rows = mintable.all(method, unit, now - REFUSED_PAUSE_MS, limit);
      const ids: string[] = [];
      let sum = 0n;
      for (const row of rows) {
        const refusedBefore = row['refused_at'] !== null;
        sum += BigInt(String(row['amount']));
        if (ids.length > 0 && (refusedBefore || sum > MAX_BATCH_SUM)) break;
        ids.push(String(row['id']));
        if (refusedBefore) break;
      }
      return ids;
    },
    claim: (ids, operation) => {
      for (const id of ids) claim.run(operation, id);
      return claimedBy(operation);
    },
    claimedBy,
    minted: (operation, now) => {
      minted.run(now, operation);
    },
    giveBack: (operation) => {
      giveBack.run(operation);
    },
    refused: (id, reason, now) => {
      refuse.run(now, reason, id);
    },
    sums: () =>
      sums.all().map((row) => ({
        unit: String(row['unit']),
        method: row['method'] as QuoteMethod,
        state: row['state'] as Quote['state'],
        amount: BigInt(String(row['amount'])) * BigInt(String(row['number'])),
      })),
    refusals: () =>
      refusals.all().map((row) => ({
        id: String(row['id']),
        amount: BigInt(String(row['amount'])),
        reason: String(row['refusal']),
      })),
  };
}

function toQuote(row: Record<string, unknown>): Quote {
  return {
    id: String(row['id']),
    method: row['method'] as QuoteMethod,
    keyIndex: Number(row['key_index']),
    unit: String(row['unit']),
    amount: BigInt(String(row['amount'])),
    state: row['state'] as Quote['state'],
  };
}
