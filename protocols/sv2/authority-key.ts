import { sha256 } from '@noble/hashes/sha2.js';
import { createBase58check } from '@scure/base';
import { concatBytes, quoted } from '../bytes.ts';
import { HashpoolError } from '../errors.ts';

/** Version 1, little-endian, in front of a public key; a secret key has none (section 4.7). */
const PUBLIC_KEY_PREFIX = Uint8Array.of(1, 0);
const KEY_BYTES = 32;

const base58check = createBase58check(sha256);

/**
 * Text form of an authority's public key: what operators publish and clients are configured with.
 * @param xOnly 32 bytes, big-endian x coordinate
 * @throws HashpoolError `bad-authority-key`
 */
export function encodeAuthorityPublicKey(xOnly: Uint8Array): string {
  checkLength('public', xOnly);
  return base58check.encode(concatBytes(PUBLIC_KEY_PREFIX, xOnly));
}

/**
 * Reads the text form of an authority's public key. Whether the 32 bytes lie on the curve shows when a signature is
 * checked against them.
 * @returns 32 bytes, big-endian x coordinate
 * @throws HashpoolError `bad-authority-key` naming checksum, version or length
 */
export function decodeAuthorityPublicKey(text: string): Uint8Array {
  const bytes = decode(text, `authority public key ${quoted(text)}`);
  const version = (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
  if (version !== 1) {
    throw bad(
      `authority public key ${quoted(text)}: version ${version}, only 1 is known; is it a secret key?`,
    );
  }
  const key = bytes.slice(PUBLIC_KEY_PREFIX.length);
  checkLength('public', key);
  return key;
}

/**
 * Text form of an authority's secret key, as SRI's key tools write it.
 * @param secret 32 bytes, big-endian
 * @throws HashpoolError `bad-authority-key`
 */
export function encodeAuthoritySecretKey(secret: Uint8Array): string {
  checkLength('secret', secret);
  return base58check.encode(secret);
}

/**
 * Reads the text form of an authority's secret key. The text is in no error.
 * @returns 32 bytes, big-endian
 * @throws HashpoolError `bad-authority-key`
 */
export function decodeAuthoritySecretKey(text: string): Uint8Array {
  const key = decode(text, 'authority secret key');
  checkLength('secret', key);
  return key;
}

function decode(text: string, label: string): Uint8Array {
  try {
    return base58check.decode(text);
  } catch {
    // The library's error may quote the text, which may be a secret.
    throw bad(`${label}: no base58 with a valid checksum; a character is mistyped or missing`);
  }
}

function checkLength(kind: 'public' | 'secret', key: Uint8Array): void {
  if (key.length !== KEY_BYTES) {
    throw bad(`authority ${kind} key: ${key.length} bytes, exactly ${KEY_BYTES} wanted`);
  }
}

function bad(text: string): HashpoolError {
  return new HashpoolError('bad-authority-key', text);
}
