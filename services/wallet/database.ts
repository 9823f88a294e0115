import type { DatabaseSync } from 'node:sqlite';
import type { Curve } from '../../protocols/crypto/curve.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import { openDatabase } from '../../runtime/sql/database.ts';
import { walletSchema } from './schema.ts';
import { openSeed, type WalletSeed } from './seed.ts';

/** What each thread of a wallet is started with. */
export interface WalletData {
  readonly path: string;
  readonly mnemonic: string;
  readonly mintUrl: string;
}

/** What a wallet's threads share to be told that it closes: anything but 0 in its one element. */
export interface ClosingFlag {
  readonly closing: Int32Array<SharedArrayBuffer>;
}

/**
 * Opens the wallet's database for its seed.
 * @throws HashpoolError 'wallet-seed-mismatch', 'bad-mnemonic', 'database-open', 'database-newer'
 */
export function openWalletDatabase(
  { path, mnemonic }: WalletData,
  curve: Curve,
): { db: DatabaseSync; seed: WalletSeed } {
  const seed = openSeed(mnemonic, curve);
  const db = openDatabase(path, walletSchema);
  db.prepare('INSERT OR IGNORE INTO wallet (id, seed_fingerprint) VALUES (1, ?)').run(seed.fingerprint);
  const stored = db.prepare('SELECT seed_fingerprint FROM wallet').get()?.['seed_fingerprint'];
  if (stored === seed.fingerprint) return { db, seed };
  db.close();
  throw new HashpoolError(
    'wallet-seed-mismatch',
    `the wallet ${path} belongs to another mnemonic: put the right one back, or move the file away and restore`,
  );
}
