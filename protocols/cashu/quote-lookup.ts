import { hash } from 'node:crypto';

/** Parts of a look-up that older drafts of nuts#391 add to the message. */
export interface LookupFreshness {
  /** Unix seconds. */
  readonly timestamp?: number;
  /** 16 bytes of hex. */
  readonly nonce?: string;
}

/**
 * The digest that the owner of `publicKey` signs to see the quotes locked to it (nuts#391): SHA-256 of
 * "Cashu_MintQuoteLookup_v1" ‖ mint key ‖ key, all as text; other drafts append the timestamp, or the nonce and it.
 * @param mintKey the `pubkey` of the mint's `/v1/info`, 66 hex digits
 * @param publicKey 66 hex digits
 * @returns 32 bytes, for BIP340
 */
export function quoteLookupMessage(
  mintKey: string,
  publicKey: string,
  fresh: LookupFreshness = {},
): Uint8Array {
  const suffix = `${fresh.nonce ?? ''}${fresh.timestamp ?? ''}`;
  return hash('sha256', `Cashu_MintQuoteLookup_v1${mintKey}${publicKey}${suffix}`, 'buffer');
}

/**
 * The digest that a quote's key signs to see the quote of one share: SHA-256 of
 * "Hashpool_ShareLookup_v1" ‖ mint key ‖ share hash, all as text.
 * @param shareHashBe 64 hex digits, display order
 * @returns 32 bytes, for BIP340
 */
export function shareLookupMessage(mintKey: string, shareHashBe: string): Uint8Array {
  return hash('sha256', `Hashpool_ShareLookup_v1${mintKey}${shareHashBe}`, 'buffer');
}
