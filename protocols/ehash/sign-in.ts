import { hash } from 'node:crypto';

/** What a dashboard shows to be signed; see `SignIns` of the translator. */
export const signInCodePattern = /^[0-9a-f]{56}$/;

/**
 * The digest that the owner of a wallet signs to be given its tokens by a dashboard: SHA-256 of
 * "Hashpool_WalletSignIn_v1" ‖ code, as text.
 * @param code 56 hex digits, lower case
 * @returns 32 bytes, for BIP340
 */
export function signInMessage(code: string): Uint8Array {
  return hash('sha256', `Hashpool_WalletSignIn_v1${code}`, 'buffer');
}
