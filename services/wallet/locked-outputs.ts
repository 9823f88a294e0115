import { createHmac } from 'node:crypto';
import { toHex, utf8 } from '../../protocols/bytes.ts';
import { lockOf } from '../../protocols/cashu/nut11.ts';
import type { Curve } from '../../protocols/crypto/curve.ts';
import { HashpoolError, isHashpoolError } from '../../protocols/errors.ts';
import { blind, type Output } from './blinding.ts';

/** A spending condition (NUT-10): a key (NUT-11) or a hash (NUT-14), and tags such as locktime and refund. */
export interface Lock {
  readonly kind: 'P2PK' | 'HTLC';
  /** The key's 66 hex digits, or the hash's 64. */
  readonly data: string;
  readonly tags: readonly (readonly string[])[];
}

/** What an operation hands out under a lock. */
export interface LockedOutputs {
  readonly lock: Lock;
  /** In units. */
  readonly amounts: readonly bigint[];
  /**
   * 32 random bytes in hex, from which nonces and blinding factors follow: not from the wallet's seed, so that a
   * restore, which can't know the lock, meets no gap in the counters.
   */
  readonly nonce: string;
}

/** Longest secret that mints take. */
const LONGEST_SECRET = 1024;

/** The outputs of a lock, always the same ones. */
export function deriveLockedOutputs(
  curve: Curve,
  keysetId: string,
  { lock, amounts, nonce }: LockedOutputs,
): Output[] {
  return amounts.map((amount, i) => {
    const derive = (what: string) =>
      createHmac('sha256', nonce)
        .update(utf8(`${what} ${i}`))
        .digest();
    const secret = secretOf(lock, toHex(derive('nonce')));
    return blind(curve, { keysetId, amount, secret, factor: derive('blinding factor') });
  });
}

/**
 * Refuses a lock that no mint would open again.
 * @throws HashpoolError 'bad-lock'
 */
export function checkLock(curve: Curve, lock: Lock): void {
  const secret = secretOf(lock, '0'.repeat(64));
  if (secret.length > LONGEST_SECRET) {
    throw new HashpoolError(
      'bad-lock',
      `the lock takes ${secret.length} characters, mints take ${LONGEST_SECRET}: name fewer keys`,
    );
  }
  try {
    const opened = lockOf(secret);
    const keys = [...(opened?.main.keys ?? []), ...(opened?.refund?.keys ?? [])];
    if (keys.every((key) => curve.isPoint(key))) return;
  } catch (cause) {
    if (!isHashpoolError(cause)) throw cause;
    throw new HashpoolError('bad-lock', `nobody could spend a token with this lock: ${cause.message}`, {
      cause,
    });
  }
  throw new HashpoolError('bad-lock', 'a key of the lock is no point of secp256k1: it is mistyped');
}

/** NUT-10's text, whose nonce makes it unique. */
function secretOf({ kind, data, tags }: Lock, nonce: string): string {
  return JSON.stringify([kind, { nonce, data, tags }]);
}
