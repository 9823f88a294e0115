import { randomBytes } from 'node:crypto';
import {
  encodeToken,
  type MiningJobToken,
  type TokenTerms,
  tokenDigest,
} from '../../protocols/sv2/mining-job-token.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { openWorkers, type Workers } from '../../runtime/workers/pool.ts';

/** The curve arithmetic of job declaration's tokens, away from the thread that holds its sockets. */
export async function start() {
  const { curve } = await loadCrypto();
  return {
    /** The public key of a jd-server, 33 bytes, by which pools know its tokens. */
    publicKey: (secretKey: Uint8Array): Uint8Array => curve.publicKey(secretKey),
    /** A signed token. */
    sign: ({ terms, secretKey }: { terms: TokenTerms; secretKey: Uint8Array }): Uint8Array =>
      encodeToken(terms, curve.schnorrSign(tokenDigest(terms), secretKey, randomBytes(32))),
    /** Whether one of the keys, 33 bytes each, signed the token. */
    verify: ({ token, keys }: { token: MiningJobToken; keys: readonly Uint8Array[] }): boolean =>
      keys.some((key) => curve.schnorrVerify(token.signature, token.digest, key.subarray(1))),
  };
}

export type TokenWorker = Workers<Awaited<ReturnType<typeof start>>>;

export function openTokenWorker(): Promise<TokenWorker> {
  return openWorkers({ module: new URL(import.meta.url), size: 1, name: 'mining job tokens' });
}
