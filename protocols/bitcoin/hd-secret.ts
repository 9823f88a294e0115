import { hmac } from '@noble/hashes/hmac.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8 } from '../bytes.ts';
import type { Curve } from '../crypto/curve.ts';

const FIRST_HARDENED = 0x8000_0000;

/** An extended private key of BIP32, without what only its text has. */
export interface HdSecret {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** 32 bytes. */
  readonly chainCode: Uint8Array;
}

/** BIP32's master key. @param seed 16 to 64 bytes */
export function masterSecret(seed: Uint8Array): HdSecret {
  return split(hmac(sha512, utf8('Bitcoin seed'), seed));
}

/**
 * BIP32's private derivation of a hardened child.
 * @param index below 2^31; the apostrophe of its path is added here
 * @throws HashpoolError 'bad-secret-key', 'no-result' where BIP32 says that there is no such child, once in 2^127
 */
export function hardenedChild(
  curve: Pick<Curve, 'addSecrets'>,
  { key, chainCode }: HdSecret,
  index: number,
): HdSecret {
  const number = new Uint8Array(4);
  new DataView(number.buffer).setUint32(0, FIRST_HARDENED + index);
  const child = split(hmac(sha512, chainCode, concatBytes(Uint8Array.of(0), key, number)));
  return { key: curve.addSecrets(key, child.key), chainCode: child.chainCode };
}

function split(digest: Uint8Array): HdSecret {
  return { key: digest.slice(0, 32), chainCode: digest.slice(32) };
}
