import { hash } from 'node:crypto';
import { concatBytes, toHex, utf8 } from '../bytes.ts';
import { minimalBytes } from './amount.ts';

/** What a signature over a mint request commits to, per output. */
export interface SignedOutput {
  readonly amount: bigint;
  /** B_, 33 bytes. */
  readonly blinded: Uint8Array;
}

const tag = utf8('Cashu_MintQuoteSig_v1');

/**
 * The digest that a quote's key signs to mint it, for single (NUT-20) and batched (NUT-29) requests alike, as
 * nuts#375 has it: SHA-256 of tag ‖ len32(quote) ‖ quote ‖ for each output len32(amount) ‖ amount ‖ len32(B_) ‖ B_,
 * lengths big-endian, amounts big-endian without leading zeros.
 * @param quote the quote id as text
 * @returns 32 bytes, for BIP340
 */
export function mintMessage(quote: string, outputs: readonly SignedOutput[]): Uint8Array {
  return mintMessageOver(outputs)(quote);
}

/** The same for many quotes over one list of outputs, which is put together once. */
export function mintMessageOver(outputs: readonly SignedOutput[]): (quote: string) => Uint8Array {
  const listed = outputs.flatMap(({ amount, blinded }) => [
    ...framed(minimalBytes(amount)),
    ...framed(blinded),
  ]);
  const all = concatBytes(...listed);
  return (quote) => hash('sha256', concatBytes(tag, ...framed(utf8(quote)), all), 'buffer');
}

/**
 * The digest of the older form, which wallets fall back to: SHA-256 of the quote id and every B_ in hex, as text.
 * @returns 32 bytes, for BIP340
 */
export function legacyMintMessage(quote: string, outputs: readonly SignedOutput[]): Uint8Array {
  return hash('sha256', quote + outputs.map(({ blinded }) => toHex(blinded)).join(''), 'buffer');
}

function framed(bytes: Uint8Array): [Uint8Array, Uint8Array] {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length);
  return [length, bytes];
}
