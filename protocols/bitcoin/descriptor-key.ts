import { hmac } from '@noble/hashes/hmac.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { createBase58check } from '@scure/base';
import { concatBytes, fromHex, quoted } from '../bytes.ts';
import type { Curve } from '../crypto/curve.ts';
import { HashpoolError } from '../errors.ts';
import { type NetworkName, networks } from './network.ts';

/** The curve operations that keys and taproot outputs need. */
export type DescriptorCurve = Pick<Curve, 'addPoints' | 'isPoint' | 'publicKey' | 'tweakXOnly'>;

const base58check = createBase58check(sha256);
const EXTENDED_KEY_LENGTH = 78;
const FIRST_HARDENED = 2 ** 31;

/**
 * The public key of a BIP380 key expression: hex, or an extended public key with a fixed path (BIP32); an origin in
 * brackets is allowed and not used. Private keys are refused, and never repeated in a message.
 * @returns 33 bytes, or 32 where the expression is an x-only key
 * @throws HashpoolError 'bad-descriptor-key', or 'wrong-network' for an extended key of another chain
 */
export function publicKeyFromExpression(
  expression: string,
  network: NetworkName,
  curve: DescriptorCurve,
): Uint8Array {
  const key = expression.replace(/^\[[0-9a-fA-F]{8}(\/\d+['hH]?)*\]/, '');
  if (/^([0-9a-fA-F]{2})+$/.test(key)) return hexKey(key, curve);
  const [extended = '', ...path] = key.split('/');
  if (/^[xt]pub/.test(extended)) return derive(decodeExtended(extended, network), path, curve);
  const remedy =
    'give a public key in hex or an extended public key (xpub, tpub); a private key has no place here';
  throw new HashpoolError('bad-descriptor-key', `the descriptor's key is not a public one: ${remedy}`);
}

function hexKey(text: string, curve: DescriptorCurve): Uint8Array {
  const key = fromHex(text, "the descriptor's key");
  if (key.length === 65) {
    const message = "the descriptor's key is uncompressed; give its 33-byte form, or the address in addr()";
    throw new HashpoolError('bad-descriptor-key', message);
  }
  const point = key.length === 32 ? concatBytes(Uint8Array.of(2), key) : key;
  if (curve.isPoint(point)) return key;
  throw new HashpoolError(
    'bad-descriptor-key',
    `the descriptor's key ${quoted(text)} is no point of the curve`,
  );
}

interface ExtendedKey {
  readonly chainCode: Uint8Array;
  readonly key: Uint8Array;
}

/** BIP32's serialization: version 4, depth 1, fingerprint 4, child number 4, chain code 32, key 33. */
function decodeExtended(text: string, network: NetworkName): ExtendedKey {
  const payload = decodeBase58(text);
  const version = new DataView(payload.buffer, payload.byteOffset, 4).getUint32(0);
  if (version !== networks[network].extendedPublicKey) {
    const message = `the descriptor's extended key ${text.slice(0, 8)}… is not one of ${network}; give one of that network`;
    throw new HashpoolError('wrong-network', message);
  }
  return { chainCode: payload.subarray(13, 45), key: payload.subarray(45) };
}

function decodeBase58(text: string): Uint8Array {
  try {
    const payload = base58check.decode(text);
    if (payload.length !== EXTENDED_KEY_LENGTH) throw new Error(`${payload.length} bytes instead of 78`);
    return payload;
  } catch (cause) {
    const message =
      "the descriptor's extended key has a wrong checksum or length: a character is wrong or missing";
    throw new HashpoolError('bad-descriptor-key', message, { cause });
  }
}

/** BIP32's public derivation, step by step down the path. */
function derive(root: ExtendedKey, path: readonly string[], curve: DescriptorCurve): Uint8Array {
  let { chainCode, key } = root;
  for (const part of path) {
    const index = /^\d+$/.test(part) ? Number(part) : Number.NaN;
    if (!(index < FIRST_HARDENED)) throw badStep(part);
    const number = new Uint8Array(4);
    new DataView(number.buffer).setUint32(0, index);
    const digest = hmac(sha512, chainCode, concatBytes(key, number));
    key = curve.addPoints(key, curve.publicKey(digest.subarray(0, 32)));
    chainCode = digest.subarray(32);
  }
  return key;
}

function badStep(part: string): HashpoolError {
  const why = part.startsWith('*')
    ? 'a range gives many scripts, and one is needed: put an index in its place'
    : 'only plain indexes below 2^31 can be derived from a public key';
  return new HashpoolError('bad-descriptor-key', `the descriptor's path has ${quoted(part)}: ${why}`);
}
