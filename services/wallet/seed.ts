import { createHash, pbkdf2Sync } from 'node:crypto';
import { validateMnemonic } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { type HdSecret, hardenedChild, masterSecret } from '../../protocols/bitcoin/hd-secret.ts';
import { toHex } from '../../protocols/bytes.ts';
import type { Curve } from '../../protocols/crypto/curve.ts';
import { HashpoolError } from '../../protocols/errors.ts';

/**
 * Where lock keys are derived, m/129372'/17736'/index': NUT-13's purpose for Cashu, then the ehash extension type
 * 0x4548 in place of its coin type, so that no path of NUT-13 collides.
 */
const LOCK_KEY_PATH = [129372, 17736];

/** Every pass needs the keys of the busy channels. */
const LOCK_KEYS_KEPT = 4096;

/** One NUT-20 lock key. */
export interface LockKey {
  readonly index: number;
  /** 32 bytes. */
  readonly secretKey: Uint8Array;
  /** Compressed point, 66 hex digits. */
  readonly publicKey: string;
}

/** What is derived from the mnemonic. */
export interface WalletSeed {
  /** 64 bytes of BIP39, without a passphrase; NUT-13 derives secrets and blinding factors from them. */
  readonly bytes: Uint8Array;
  /** Tells databases of different seeds apart and reveals nothing of the seed. */
  readonly fingerprint: string;
  lockKey(index: number): LockKey;
}

/**
 * The seed of a BIP39 mnemonic.
 * @param mnemonic 12 to 24 English words
 * @param curve derives the lock keys
 * @throws HashpoolError 'bad-mnemonic', which never repeats the words
 */
export function openSeed(mnemonic: string, curve: Curve): WalletSeed {
  const words = mnemonic.trim().split(/\s+/).join(' ');
  if (!validateMnemonic(words, wordlist)) {
    const count = words === '' ? 0 : words.split(' ').length;
    throw new HashpoolError(
      'bad-mnemonic',
      `the wallet's mnemonic (${count} words) is not a BIP39 mnemonic of 12 to 24 English words: check its words and their order`,
    );
  }
  const bytes = new Uint8Array(pbkdf2Sync(words, 'mnemonic', 2048, 64, 'sha512'));
  const branch = LOCK_KEY_PATH.reduce((at, index) => hardenedChild(curve, at, index), masterSecret(bytes));
  const kept = new Map<number, LockKey>();
  return {
    bytes,
    fingerprint: createHash('sha256').update('hashpool-wallet').update(bytes).digest('hex').slice(0, 16),
    lockKey: (index) => {
      const key = kept.get(index) ?? deriveLockKey(curve, branch, index);
      if (kept.size >= LOCK_KEYS_KEPT) kept.clear();
      kept.set(index, key);
      return key;
    },
  };
}

function deriveLockKey(curve: Curve, branch: HdSecret, index: number): LockKey {
  const { key } = hardenedChild(curve, branch, index);
  return { index, secretKey: key, publicKey: toHex(curve.publicKey(key)) };
}
