import { hash } from 'node:crypto';
import { concatBytes, utf8 } from '../bytes.ts';

/** What the owner of a key wants to have done with the sats that its quotes come to. */
export interface AutoPayoutWish {
  /** 0 to 2^53 − 1; higher than that of the last registration of the key. */
  readonly counter: number;
  /** Sats from which on the balance is paid; 0 for the least that the mint pays. */
  readonly threshold: bigint;
  /** Where it is paid; empty to withdraw. */
  readonly address: string;
}

/**
 * The digest that a key signs to be paid without a wallet: SHA-256 of
 * "hashpool-auto-payout-v1" ‖ mint key ‖ counter 8 ‖ threshold 8 ‖ address, integers big-endian.
 * @param mintKey the `pubkey` of the mint's `/v1/info`, 33 bytes
 * @returns 32 bytes, for BIP340
 */
export function autoPayoutMessage(
  mintKey: Uint8Array,
  { counter, threshold, address }: AutoPayoutWish,
): Uint8Array {
  const numbers = concatBytes(u64(BigInt(counter)), u64(threshold));
  return sha256(concatBytes(utf8('hashpool-auto-payout-v1'), mintKey, numbers, utf8(address)));
}

/**
 * The digest that a key signs to be told how its payouts stand: SHA-256 of
 * "hashpool-auto-payout-look-up-v1" ‖ mint key ‖ timestamp 8, big-endian.
 * @param mintKey 33 bytes
 * @param timestamp Unix seconds
 * @returns 32 bytes, for BIP340
 */
export function autoPayoutLookupMessage(mintKey: Uint8Array, timestamp: number): Uint8Array {
  return sha256(concatBytes(utf8('hashpool-auto-payout-look-up-v1'), mintKey, u64(BigInt(timestamp))));
}

function sha256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer');
}

function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}
