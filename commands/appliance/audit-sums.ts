import { existsSync } from 'node:fs';
import type { Account } from '../../domain/epochs/accounts.ts';
import { mismatchOf } from '../../domain/ledger/sums.ts';
import { auditMint, type Books } from '../../roles/mint/books.ts';
import { readClaims } from '../../roles/mint/claims.ts';
import { readOutbox } from '../../roles/pool/outbox/audit.ts';
import { openDatabase } from '../../runtime/sql/database.ts';
import type { StateFolder } from '../../services/supervisor/state-folder.ts';
import { openBooks } from '../../services/wallet/balance.ts';
import { openProofs } from '../../services/wallet/proofs.ts';
import { openQuotes } from '../../services/wallet/quotes.ts';
import { walletSchema } from '../../services/wallet/schema.ts';
import { auditShares, type ShareAudit } from './audit-shares.ts';
import { type DatabasePaths, databasePaths, isThere } from './databases.ts';

/** The books of pool, mint and wallet, side by side. Sums are in ehash. */
export interface Audit {
  /** Shares that were answered true, and what those that became quotes are worth. */
  readonly outbox: { readonly rows: number; readonly sum: bigint };
  /** Of the outbox: not at the mint yet, and not paid by it. */
  readonly unsent: number;
  readonly refused: number;
  readonly quotes: { readonly rows: number; readonly sum: bigint };
  /** Quotes that became tokens, those that were credited to keys without a wallet, and those that wait. */
  readonly minted: bigint;
  readonly autoPaid: bigint;
  readonly waiting: bigint;
  /** Tokens that the mint has signed and not taken back. */
  readonly outstanding: bigint;
  /** Tokens in the wallet, handed out by it, or in an operation of it. */
  readonly wallet: bigint;
  /** What epochs received in sats, and where it is. */
  readonly sats: Readonly<Record<Account, bigint>> | undefined;
  /** Ehash that was redeemed. */
  readonly redeemed: bigint;
  readonly agree: boolean;
  readonly disagreements: readonly string[];
}

/** What is known of a run from elsewhere. */
export interface RunFigures {
  /** Shares that miners were answered true in this run, but for those that they mined solo. */
  readonly answeredTrue: bigint;
  /** Rows of the outbox before it. */
  readonly rowsBefore: number;
}

/**
 * Compares the databases of an appliance, without writing to them. What a running one has in its hands just now
 * may look like a disagreement; of a stopped one each is real.
 * @throws HashpoolError 'database-open', 'database-newer', 'bad-outbox', 'bad-row'
 */
export function auditAppliance(state: StateFolder, run?: RunFigures): Audit {
  const paths = databasePaths(state);
  const shares = followShares(paths);
  const mint = isThere(paths.mint) ? auditMint(paths.mint) : undefined;
  const wallet = existsSync(paths.wallet) ? walletHoldings(paths.wallet, mint) : 0n;
  const disagreements = [
    ...shares.troubles,
    ...compare(shares, mint, wallet),
    ...comparePayments(mint),
    ...(mint?.sats.contradictions ?? []),
    ...compareRun(shares, run),
  ];
  return {
    outbox: { rows: shares.rows, sum: shares.quotedSum },
    unsent: shares.unsent,
    refused: shares.refused,
    quotes: { rows: mint?.quotes.count ?? 0, sum: mint?.quotes.sum ?? 0n },
    minted: mint?.issued.sum ?? 0n,
    autoPaid: mint?.autoPaid.sum ?? 0n,
    waiting: mint?.waiting.sum ?? 0n,
    outstanding: mint?.outstanding ?? 0n,
    wallet,
    sats: mint && mint.sats.epochs.length > 0 ? mint.sats.balances : undefined,
    redeemed: mint?.redeemed ?? 0n,
    agree: disagreements.length === 0,
    disagreements,
  };
}

/** The number of shares that an appliance's outbox holds. */
export function outboxRows(state: StateFolder): number {
  const path = databasePaths(state).outbox;
  if (!existsSync(path)) return 0;
  const outbox = readOutbox(path);
  outbox.close();
  return outbox.rows;
}

function followShares(paths: DatabasePaths): ShareAudit {
  const nothing = { rows: 0, quoted: 0, quotedSum: 0n, refused: 0, unsent: 0, troubles: [] };
  if (!existsSync(paths.outbox)) return nothing;
  const outbox = readOutbox(paths.outbox);
  try {
    if (!isThere(paths.mint)) return { ...nothing, rows: outbox.rows, unsent: outbox.rows };
    const claims = readClaims(paths.mint);
    try {
      return auditShares(outbox, claims);
    } finally {
      claims.close();
    }
  } finally {
    outbox.close();
  }
}

function compare(shares: ShareAudit, mint: Books | undefined, wallet: bigint): string[] {
  const quotes = mint?.quotes ?? { count: 0, sum: 0n };
  const issued = mint?.issued.sum ?? 0n;
  const autoPaid = mint?.autoPaid.sum ?? 0n;
  const waiting = mint?.waiting.sum ?? 0n;
  const outstanding = mint?.outstanding ?? 0n;
  const redeemed = mint?.redeemed ?? 0n;
  return told([
    [
      quotes.count === shares.quoted,
      `${quotes.count} quotes at the mint, ${shares.quoted} shares of the outbox for them`,
    ],
    [quotes.sum === shares.quotedSum, `the quotes are worth ${quotes.sum}, their shares ${shares.quotedSum}`],
    [
      issued + autoPaid + waiting === quotes.sum,
      `minted ${issued}, auto-paid ${autoPaid} and waiting ${waiting} are not the quotes' ${quotes.sum}`,
    ],
    [
      outstanding === issued + autoPaid - redeemed,
      `tokens of ${outstanding} are out, quotes of ${issued + autoPaid} were minted or auto-paid and ${redeemed} were redeemed`,
    ],
    [wallet <= outstanding, `the wallet holds ${wallet}, and no more than ${outstanding} is out`],
  ]);
}

/** What is paid in and out over Lightning and the chain. */
function comparePayments(mint: Books | undefined): string[] {
  return [...(mint?.units ?? [])].flatMap(([unit, sums]) =>
    sums.isMined ? [] : (mismatchOf(unit, sums) ?? []),
  );
}

function compareRun(shares: ShareAudit, run: RunFigures | undefined): string[] {
  if (run === undefined) return [];
  const added = BigInt(shares.rows - run.rowsBefore);
  return told([
    [run.answeredTrue <= added, `${run.answeredTrue} shares were answered true, ${added} were stored`],
  ]);
}

function told(checks: readonly (readonly [holds: boolean, trouble: string])[]): string[] {
  return checks.filter(([holds]) => !holds).map(([, trouble]) => trouble);
}

/** What the wallet holds of ehash. */
function walletHoldings(path: string, mint: Books | undefined): bigint {
  const db = openDatabase(path, walletSchema, { readOnly: true });
  try {
    const balances = openBooks(db, openProofs(db), openQuotes(db)).balance();
    const ehash = balances.filter(({ unit }) => mint?.units.get(unit)?.isMined ?? true);
    return ehash.reduce((sum, { amount, reserved, sent }) => sum + amount + reserved + sent, 0n);
  } finally {
    db.close();
  }
}
