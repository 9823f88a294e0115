import { availableParallelism } from 'node:os';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import type { LockCheck } from '../../../protocols/cashu/nut11.ts';
import { openWorkers, type Workers } from '../../../runtime/workers/pool.ts';
import type { Claim, KeysetName, MintClaim, Signed, SignerTasks, ToSign, ToVerify } from './worker.ts';

export type { MintClaim, Signed, ToSign, ToVerify } from './worker.ts';

/** Tokens in one call: a large request is spread over the threads, and small ones get in between. */
export const CHUNK = 32;
/** Such calls that wait for one thread, a few seconds' work: beyond, clients are told to come back, and nobody waits longer. */
export const MAX_WAITING_CHUNKS = 512;

/** Curve work of the mint, none of it on this thread. */
export interface Signer {
  /** The public key that `/v1/info` shows, 33 bytes. */
  readonly identity: Uint8Array;
  /** Settles with the reason where a thread ends unasked. */
  readonly died: Promise<Error>;
  /** The 63 public keys of a keyset, one after the other, 33 bytes each. */
  publicKeys(keyset: KeysetName): Promise<Uint8Array>;
  /** Signs blinded messages with DLEQ proofs (NUT-00, NUT-12). @throws HashpoolError 'request-malformed' */
  sign(outputs: readonly ToSign[]): Promise<Signed[]>;
  /** Verifies proofs; gives each one's Y. @throws HashpoolError 'proof-invalid' naming the first bad one */
  verifyProofs(proofs: readonly ToVerify[]): Promise<Uint8Array[]>;
  /**
   * Signs outputs for the owners of quotes (NUT-20, NUT-29): for all of them or for none.
   * @throws HashpoolError 'signature-invalid' naming the first claim that is not signed for, 'request-malformed'
   */
  mint(claims: readonly MintClaim[], outputs: readonly ToSign[]): Promise<Signed[]>;
  /** For each lock whether its signatures open it (NUT-11). */
  openLocks(checks: readonly LockCheck[]): Promise<boolean[]>;
  /** For each BIP340 signature whether it is good. */
  verifyClaims(claims: readonly Claim[]): Promise<boolean[]>;
  /** For each key whether it is a point of the curve. */
  arePoints(keys: readonly Uint8Array[]): Promise<boolean[]>;
  /** Of which the salts of shares in reports are made, 32 bytes. */
  saltSecret(): Promise<Uint8Array>;
  /** Signs a report's text by the key of `identity` (BIP340, protocols/ehash/report.ts). */
  signReport(text: string): Promise<Uint8Array>;
  close(): Promise<void>;
}

/**
 * Starts the signer's threads; each has tested itself when this resolves.
 * @param seed 64 hex digits; goes to the threads and is kept nowhere else
 * @param threads default: one for each core
 * @throws HashpoolError 'bad-seed', 'self-test'
 */
export async function openSigner(seed: string, threads: number = availableParallelism()): Promise<Signer> {
  const module = new URL('./worker.ts', import.meta.url);
  const workers = await openWorkers<SignerTasks>({
    module,
    data: { seed },
    size: threads,
    name: 'signer',
    maxQueued: MAX_WAITING_CHUNKS,
  });
  return signerOn(workers, await workers.call('identity', null));
}

function signerOn(workers: Workers<SignerTasks>, identity: Uint8Array): Signer {
  return {
    identity,
    died: workers.died,
    publicKeys: (keyset) => workers.call('publicKeys', keyset),
    sign: async (outputs) => allSigned(await inChunks(outputs, (chunk) => workers.call('sign', chunk))),
    async mint(claims, outputs) {
      if (claims.length <= CHUNK && outputs.length <= CHUNK) {
        const { bad, signed } = await workers.call('signIfGood', { claims, outputs });
        checkClaim(claims[bad]);
        return allSigned(signed);
      }
      await inChunks(claims, async (chunk) => {
        checkClaim(chunk[await workers.call('firstBad', { claims: chunk, outputs })]);
        return [];
      });
      return allSigned(await inChunks(outputs, (chunk) => workers.call('sign', chunk)));
    },
    async verifyProofs(proofs) {
      const results = await inChunks(proofs, (chunk) => workers.call('verifyProofs', chunk));
      return results.map((y, i) => {
        if (y) return y;
        throw cashuError(
          'proof-invalid',
          `inputs[${i}].C is not this mint's signature on its secret; drop the proof`,
        );
      });
    },
    openLocks: (checks) => inChunks(checks, (chunk) => workers.call('openLocks', chunk)),
    verifyClaims: (claims) => inChunks(claims, (chunk) => workers.call('verifyClaims', chunk)),
    arePoints: (keys) => inChunks(keys, (chunk) => workers.call('arePoints', chunk)),
    saltSecret: () => workers.call('saltSecret', null),
    signReport: (text) => workers.call('signReport', text),
    close: () => workers.close(),
  };
}

async function inChunks<I, O>(
  items: readonly I[],
  call: (chunk: readonly I[]) => Promise<readonly O[]>,
): Promise<O[]> {
  if (items.length <= CHUNK) return [...(await call(items))];
  const chunks: (readonly I[])[] = [];
  for (let i = 0; i < items.length; i += CHUNK) chunks.push(items.slice(i, i + CHUNK));
  return (await Promise.all(chunks.map(call))).flat();
}

function allSigned(results: readonly (Signed | undefined)[]): Signed[] {
  return results.map((signed, i) => {
    if (signed) return signed;
    throw cashuError(
      'request-malformed',
      `outputs[${i}].B_ is no point of secp256k1; blind the secret again`,
    );
  });
}

/** @param bad the first claim that is not good, if there is one */
function checkClaim(bad: MintClaim | undefined): void {
  if (!bad) return;
  throw cashuError(
    'signature-invalid',
    `quote ${bad.quote} is not signed by its pubkey over these outputs; sign this very request (NUT-20)`,
  );
}
