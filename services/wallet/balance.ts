import type { DatabaseSync } from 'node:sqlite';
import type { Proofs } from './proofs.ts';
import type { Quotes } from './quotes.ts';
import type { SentToken } from './send.ts';

/** What the wallet holds of one unit. */
export interface Balance {
  readonly unit: string;
  /** Tokens that can be spent now. */
  readonly amount: bigint;
  /** Quotes that the mint holds for us and that are not tokens yet. */
  readonly waiting: bigint;
  /** Tokens in an operation that the mint has not answered yet. */
  readonly reserved: bigint;
  /** Tokens handed out and not claimed yet. */
  readonly sent: bigint;
}

/** What needs a person's eye. */
export interface Troubles {
  /** Quotes that the mint refuses to mint. */
  readonly refusedQuotes: { id: string; amount: bigint; reason: string }[];
  /** Operations whose answer could not be used; they are asked for again by themselves. */
  readonly stuck: { unit: string; reason: string }[];
}

export interface Books {
  balance(): Balance[];
  troubles(): Troubles;
  sent(): SentToken[];
}

/** The wallet's sums, from the database alone. */
export function openBooks(db: DatabaseSync, proofs: Proofs, quotes: Quotes): Books {
  const stuck = db.prepare(
    `SELECT unit, reason FROM operations WHERE state = 'pending' AND reason IS NOT NULL`,
  );
  const sent = db.prepare(
    `SELECT o.token, o.unit, o.since, p.amount FROM operations o JOIN proofs p ON p.operation = o.id
     WHERE o.token IS NOT NULL AND p.state = 'reserved' ORDER BY o.since, o.id`,
  );
  sent.setReadBigInts(true);

  return {
    balance: () => {
      const sums = new Map<
        string,
        { unit: string; amount: bigint; waiting: bigint; reserved: bigint; sent: bigint }
      >();
      const of = (unit: string) => {
        const sum = sums.get(unit) ?? { unit, amount: 0n, waiting: 0n, reserved: 0n, sent: 0n };
        sums.set(unit, sum);
        return sum;
      };
      for (const { unit, state, amount } of proofs.sums()) {
        of(unit)[state === 'unspent' ? 'amount' : state] += amount;
      }
      for (const { unit, amount } of quotes.sums()) of(unit).waiting += amount;
      return [...sums.values()].sort((a, b) => (a.unit < b.unit ? -1 : 1));
    },
    troubles: () => ({
      refusedQuotes: quotes.refusals(),
      stuck: stuck.all().map((row) => ({ unit: String(row['unit']), reason: String(row['reason']) })),
    }),
    sent: () => {
      const tokens = new Map<string, SentToken>();
      for (const row of sent.all()) {
        const token = String(row['token']);
        const before = tokens.get(token)?.amount ?? 0n;
        const amount = before + BigInt(String(row['amount']));
        tokens.set(token, { token, unit: String(row['unit']), amount, at: Number(row['since']) });
      }
      return [...tokens.values()];
    },
  };
}
