import { hash } from 'node:crypto';
import { toHex } from '../bytes.ts';

/** What a keyset's id commits to (NUT-02, Keyset ID V2). */
export interface KeysetContent {
  /** Amount in the keyset's unit, and the compressed public key that signs for it. */
  readonly keys: Iterable<readonly [amount: bigint, publicKey: Uint8Array]>;
  readonly unit: string;
  readonly inputFeePpk?: number;
  /** Unix seconds. */
  readonly finalExpiry?: number;
}

/**
 * The keyset id of version 2: "01" and a SHA-256 over amounts, keys, unit, fee and expiry.
 * @returns 66 hex digits
 */
export function keysetId({ keys, unit, inputFeePpk, finalExpiry }: KeysetContent): string {
  const sorted = [...keys].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  let text = sorted.map(([amount, key]) => `${amount}:${toHex(key)}`).join(',');
  text += `|unit:${unit.toLowerCase()}`;
  if (inputFeePpk) text += `|input_fee_ppk:${inputFeePpk}`;
  if (finalExpiry) text += `|final_expiry:${finalExpiry}`;
  return `01${hash('sha256', text)}`;
}
