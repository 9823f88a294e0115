import type { Output } from '../../domain/ledger/tokens.ts';
import { equalBytes } from '../../protocols/bytes.ts';
import { isHashpoolError } from '../../protocols/errors.ts';
import type { IssuedSignature } from './issuance.ts';

/** What a request is refused with where it has been carried out before. */
const refusals = ['proofs-spent', 'quote-issued', 'outputs-signed', 'keyset-inactive', 'epoch-expired'];

/** What is known of a request that may have been carried out before. */
export interface Earlier {
  /** For each B_ the signature that it got, if it did. */
  signaturesOf(blinded: readonly Uint8Array[]): Promise<readonly (IssuedSignature | undefined)[]>;
  /** Whether all that the request gives has been given: its proofs spent, its quotes issued. */
  isPaid(): Promise<boolean>;
}

/**
 * NUT-19: the same request has the same answer, for ever, from whichever process and after any restart. The ledger
 * itself remembers it: what was given for an output is stored with it, and NUT-09 tells it to anybody who knows B_.
 * So there is no cache that could be lost, or grow.
 * @param perform carries the request out; where it was before, this refuses
 * @throws what `perform` threw, where its outputs were never signed for what it gives
 */
export async function onceOrAgain(
  outputs: readonly Output[],
  perform: () => Promise<IssuedSignature[]>,
  { signaturesOf, isPaid }: Earlier,
): Promise<IssuedSignature[]> {
  try {
    return await perform();
  } catch (error) {
    if (!isHashpoolError(error, ...refusals)) throw error;
    const stored = await signaturesOf(outputs.map(({ blinded }) => blinded));
    const given = outputs.flatMap((output, i) => {
      const signature = stored[i];
      return signature && isFor(signature, output) ? [signature] : [];
    });
    if (given.length === outputs.length && (await isPaid())) return given;
    throw error;
  }
}

function isFor(signature: IssuedSignature, { keysetId, exponent, blinded }: Output): boolean {
  return (
    signature.keysetId === keysetId &&
    signature.exponent === exponent &&
    equalBytes(signature.blinded, blinded)
  );
}
