import { randomBytes } from 'node:crypto';
import { issuerProof } from '../../protocols/ehash/work-link.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { openWorkers, type Workers } from '../../runtime/workers/pool.ts';

/** The link's curve arithmetic, away from the thread that holds its sockets. */
export async function start() {
  const { curve, hash } = await loadCrypto();
  return {
    /** Signs a handshake as issuer (BIP340): what `OpenWorkLink` carries. */
    prove({ secretKey, handshakeHash }: { secretKey: Uint8Array; handshakeHash: Uint8Array }) {
      const message = hash.sha256(issuerProof(handshakeHash));
      return {
        issuerKey: curve.publicKey(secretKey),
        signature: curve.schnorrSign(message, secretKey, randomBytes(32)),
      };
    },
    /** Whether an issuer signed that very handshake. */
    verify(claim: { issuerKey: Uint8Array; signature: Uint8Array; handshakeHash: Uint8Array }): boolean {
      const message = hash.sha256(issuerProof(claim.handshakeHash));
      return curve.schnorrVerify(claim.signature, message, claim.issuerKey.subarray(1));
    },
  };
}

export type SignatureWorker = Workers<Awaited<ReturnType<typeof start>>>;

export function openSignatureWorker(): Promise<SignatureWorker> {
  return openWorkers({ module: new URL(import.meta.url), size: 1, name: 'issuer signatures' });
}
