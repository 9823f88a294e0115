import type { DatabaseSync } from 'node:sqlite';

/** `opening` is what a wallet held when its history began; `lost` was spent elsewhere, from the same seed. */
export const HISTORY_KINDS = [
  'opening',
  'minted',
  'received',
  'sent',
  'swapped',
  'consolidated',
  'melted',
  'redeemed',
  'restored',
  'lost',
] as const;

export type HistoryKind = (typeof HISTORY_KINDS)[number];

/** A line of the wallet's history; nothing in it can be spent. */
export interface HistoryEntry {
  readonly id: number;
  /** Milliseconds since 1970, of the first where it stands for several. */
  readonly at: number;
  readonly kind: HistoryKind;
  readonly unit: string;
  /** Units that came, or negative, that went; without the fee. */
  readonly amount: bigint;
  /** Units that the mint has kept. */
  readonly fee: bigint;
  /** Operations that this line stands for. */
  readonly operations: number;
  /** What it was for, in words; may be empty. */
  readonly note: string;
}

/** What has changed, of one unit. */
export type HistoryNews = Pick<HistoryEntry, 'kind' | 'unit' | 'amount' | 'fee' | 'note'>;

/**
 * What came and went. The amounts of all lines less their fees are what the wallet holds, what is in flight included
 * and what was handed out not.
 */
export interface History {
  /** Adds a line, as part of the transaction that changes the proofs; nothing where nothing has changed. */
  add(news: HistoryNews, now: number): void;
  /** The newest first; with `before`, those older than that line. */
  page(options: { before?: number | undefined; limit: number }): HistoryEntry[];
}

/** What goes on by itself is one line an hour: a translator mints every few seconds, for years. */
const GATHERED_MS = 3_600_000;
const gatheredKinds: ReadonlySet<HistoryKind> = new Set(['minted', 'restored', 'swapped', 'consolidated']);
/** Longest note: it may come from somebody else's payment request. */
export const LONGEST_NOTE = 200;
/** Lines of one page at most. */
export const LONGEST_PAGE = 1000;
const LARGEST_INTEGER = (1n << 63n) - 1n;

/** @param db opened with `walletSchema` */
export function openHistory(db: DatabaseSync): History {
  const insert = db.prepare(
    'INSERT INTO history (at, kind, unit, amount, fee, note) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const gather = db.prepare(
    `UPDATE history SET amount = amount + ?1, fee = fee + ?2, operations = operations + 1
     WHERE id = (SELECT max(id) FROM history WHERE kind = ?3 AND unit = ?4)
       AND at > ?5 AND note = ?6 AND amount <= ${LARGEST_INTEGER} - ?1 AND fee <= ${LARGEST_INTEGER} - ?2`,
  );
  const page = db.prepare('SELECT * FROM history WHERE id < ? ORDER BY id DESC LIMIT ?');
  page.setReadBigInts(true);

  return {
    add: ({ kind, unit, amount, fee, note }, now) => {
      if (amount === 0n && fee === 0n && kind !== 'consolidated') return;
      const text = note.slice(0, LONGEST_NOTE);
      const gathered =
        gatheredKinds.has(kind) && gather.run(amount, fee, kind, unit, now - GATHERED_MS, text).changes;
      if (!gathered) insert.run(now, kind, unit, amount, fee, text);
    },
    page: ({ before = Number.MAX_SAFE_INTEGER, limit }) =>
      page.all(before, Math.min(limit, LONGEST_PAGE)).map((row) => ({
        id: Number(row['id']),
        at: Number(row['at']),
        kind: row['kind'] as HistoryKind,
        unit: String(row['unit']),
        amount: BigInt(String(row['amount'])),
        fee: BigInt(String(row['fee'])),
        operations: Number(row['operations']),
        note: String(row['note']),
      })),
  };
}
