import { fromHex } from '../../protocols/bytes.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { type Balance, openBooks, type Troubles } from './balance.ts';
import { openWalletDatabase, type WalletData } from './database.ts';
import { type HistoryEntry, openHistory } from './history.ts';
import { openKeysets } from './keysets.ts';
import { openLockKeys } from './lock-keys.ts';
import { openProofs } from './proofs.ts';
import { openQuotes } from './quotes.ts';
import type { SentToken } from './send.ts';
import { openSignIn } from './sign-in.ts';

/** What needs no mint, in a thread that never waits for one: a miner's login must not. */
export type BooksTasks = {
  keyFor(purpose: string): Uint8Array;
  balance(input: undefined): Balance[];
  units(input: undefined): string[];
  troubles(input: undefined): Troubles;
  sent(input: undefined): SentToken[];
  history(page: { before?: number | undefined; limit: number }): HistoryEntry[];
  signIn(code: string): string;
  isSignIn(input: { code: string; signature: string }): boolean;
  close(input: undefined): void;
};

/** Entry of the thread; see `openWorkers`. */
export async function start(data: WalletData): Promise<BooksTasks> {
  const { curve } = await loadCrypto();
  const { db, seed } = openWalletDatabase(data, curve);
  const lockKeys = openLockKeys(db, seed);
  const keysets = openKeysets(db);
  const { sign, isSigned } = openSignIn(lockKeys, { curve, clock: Date.now });
  const books = openBooks(db, openProofs(db), openQuotes(db));
  return {
    keyFor: (purpose) => fromHex(lockKeys.forPurpose(purpose, Date.now()).publicKey),
    balance: books.balance,
    units: () => keysets.activeUnits(),
    troubles: books.troubles,
    sent: books.sent,
    history: openHistory(db).page,
    signIn: sign,
    isSignIn: isSigned,
    close: () => db.close(),
  };
}
