import { hash } from 'node:crypto';
import { concatBytes, utf8 } from '../bytes.ts';

/**
 * SHA-256 under a tag of its own, so that what is hashed for one purpose is good for no other (BIP340).
 * @param tag its name
 * @returns hashes parts, joined, to 32 bytes
 */
export function taggedHash(tag: string): (...parts: readonly Uint8Array[]) => Uint8Array {
  const once = hash('sha256', utf8(tag), 'buffer');
  const prefix = concatBytes(once, once);
  return (...parts) => hash('sha256', concatBytes(prefix, ...parts), 'buffer');
}
