import { concatBytes, fromHex, toHex } from '../bytes.ts';
import type { Curve } from '../crypto/curve.ts';
import { HashpoolError, isHashpoolError } from '../errors.ts';

/** The order of the group of secp256k1, and the prime of its field (SEC 2, 2.4.1). */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const PRIME = 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2fn;

/** A signature of which the signer's key can be told. */
export interface RecoverableSignature {
  /** r ‖ s, 64 bytes. */
  readonly compact: Uint8Array;
  /** Bit 0: R's y is odd. Bit 1: R's x passed the order. */
  readonly recovery: number;
}

/**
 * ECDSA over secp256k1 with a recovery id (SEC 1, 4.1.3), s in the lower half. Takes time by its values: for keys
 * that protect nothing.
 * @param digest 32 bytes
 * @param nonce 32 fresh random bytes
 */
export function signRecoverable(
  curve: Pick<Curve, 'publicKey'>,
  digest: Uint8Array,
  secretKey: Uint8Array,
  nonce: Uint8Array,
): RecoverableSignature {
  const point = curve.publicKey(nonce);
  const x = numberOf(point.subarray(1));
  const r = x % ORDER;
  const s = modulo(inverse(numberOf(nonce)) * (numberOf(digest) + r * numberOf(secretKey)));
  const isHigh = s > ORDER / 2n;
  const isOdd = point[0] === 3;
  return {
    compact: concatBytes(bytesOf(r), bytesOf(isHigh ? ORDER - s : s)),
    recovery: (isOdd === isHigh ? 0 : 1) | (x >= ORDER ? 2 : 0),
  };
}

/**
 * The key that made a signature (SEC 1, 4.1.6): r⁻¹·(s·R − z·G), 33 bytes.
 * @throws HashpoolError 'bad-signature' where there is none
 */
export function recoverKey(
  curve: Pick<Curve, 'multiply' | 'publicKey' | 'addPoints'>,
  digest: Uint8Array,
  { compact, recovery }: RecoverableSignature,
): Uint8Array {
  const r = numberOf(compact.subarray(0, 32));
  const s = numberOf(compact.subarray(32));
  const x = (recovery & 2) === 0 ? r : r + ORDER;
  if (recovery > 3 || r === 0n || r >= ORDER || s === 0n || s >= ORDER || x >= PRIME) throw unrecoverable();
  const point = concatBytes(Uint8Array.of(2 + (recovery & 1)), bytesOf(x));
  const inverseOfR = inverse(r);
  try {
    return curve.addPoints(
      curve.multiply(point, bytesOf(modulo(inverseOfR * s))),
      curve.publicKey(bytesOf(modulo(-inverseOfR * numberOf(digest)))),
    );
  } catch (error) {
    if (isHashpoolError(error)) throw unrecoverable(error);
    throw error;
  }
}

/** Whether s is in the lower half, as the standard form has it. */
export function isLowS(compact: Uint8Array): boolean {
  return numberOf(compact.subarray(32)) <= ORDER / 2n;
}

function unrecoverable(cause?: unknown): HashpoolError {
  return new HashpoolError('bad-signature', 'the signature is none that a key could have made', { cause });
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes)}`);
}

function bytesOf(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(64, '0'));
}

function modulo(value: bigint): bigint {
  return ((value % ORDER) + ORDER) % ORDER;
}

/** By Euclid's algorithm. */
function inverse(value: bigint): bigint {
  let [a, b] = [modulo(value), ORDER];
  let [x, y] = [1n, 0n];
  while (a > 1n) {
    const quotient = b / a;
    [a, b] = [b % a, a];
    [x, y] = [y - quotient * x, x];
  }
  return modulo(x);
}
