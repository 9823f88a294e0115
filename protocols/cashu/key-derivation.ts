import { concatBytes, toHex, utf8 } from '../bytes.ts';
import { HashpoolError } from '../errors.ts';

/** HMAC-SHA256 as the caller's crypto provides it. */
export type Hmac = (key: Uint8Array, data: Uint8Array) => Uint8Array;

/** The order of the group of secp256k1 (SEC 2, 2.4.1). */
const GROUP_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** Tries before giving up; each fails with a chance of 2^-128. */
const MAX_TRIES = 256;

/**
 * The private key that signs 2^exponent of a keyset. Every keyset of a mint comes out of one seed: what is needed
 * to find it again, unit and index, is public.
 * @param seed 32 bytes
 * @param unit the keyset's unit; names pool and epoch, so that no two epochs share a key
 * @param index counts the keysets of one unit, from 0
 * @returns 32 bytes, between 1 and the group order
 */
export function keysetSecret(hmac: Hmac, seed: Uint8Array, unit: string, index: number, exponent: number) {
  return secretFor(hmac, seed, `hashpool-keyset-v1|${unit}|${index}|${exponent}`);
}

/** The private key of the mint's identity, whose public key `/v1/info` shows (NUT-06). 32 bytes. */
export function identitySecret(hmac: Hmac, seed: Uint8Array): Uint8Array {
  return secretFor(hmac, seed, 'hashpool-mint-identity-v1');
}

function secretFor(hmac: Hmac, seed: Uint8Array, purpose: string): Uint8Array {
  const label = utf8(purpose);
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    const candidate = hmac(seed, concatBytes(label, Uint8Array.of(0, attempt)));
    const scalar = BigInt(`0x${toHex(candidate)}`);
    if (scalar > 0n && scalar < GROUP_ORDER) return candidate;
  }
  throw new HashpoolError('bad-seed', 'the mint seed gives no valid key: the seed is broken, make a new one');
}
