import { hash } from 'node:crypto';
import { fromHex } from '../bytes.ts';

const preimageHex = /^[0-9a-f]{64}$/i;

/**
 * Whether a preimage opens a hash lock (NUT-14): SHA-256 over its 32 bytes, not over the text.
 * @param preimage 64 hex digits, else nothing is opened
 * @param lock 64 hex digits in lower case
 */
export function opensHash(preimage: string | undefined, lock: string): boolean {
  return preimage !== undefined && preimageHex.test(preimage) && hash('sha256', fromHex(preimage)) === lock;
}
