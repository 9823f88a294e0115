import type { CheckedInputs, Keyset, Output } from '../../domain/ledger/tokens.ts';
import { cashuError } from '../../protocols/cashu/errors.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import type { MintKeyset } from './keyset-book.ts';
import type { Signer } from './signer/signer.ts';
import type { SpentRow } from './store/tokens.ts';

/** What a request does with its inputs, as far as a spending condition may ask. */
export interface Spending {
  /** A swap's outputs; a melt's blank ones (NUT-08), as far as it has any. */
  readonly outputs: readonly Output[];
  /** The quote that a melt pays. */
  readonly quote?: string;
}

/** What the check of inputs needs of the mint. */
export interface InputChecks {
  readonly signer: Pick<Signer, 'verifyProofs'>;
  readonly keysets: ReadonlyMap<string, Keyset & Pick<MintKeyset, 'row' | 'index'>>;
}

/**
 * Whether inputs may be spent in this request, as far as that shows without the ledger: each is signed by this mint.
 * The one such check, for swaps and melts alike.
 * @param paid what `checkInputs` gave
 * @returns the rows that spend them, in the order of the inputs
 * @throws HashpoolError 'proof-invalid'
 */
export async function spendable(
  { signer, keysets }: InputChecks,
  { inputs }: CheckedInputs,
  _spending: Spending,
): Promise<SpentRow[]> {
  const named = inputs.map((input) => {
    const keyset = keysets.get(input.keysetId);
    if (keyset) return { input, keyset };
    throw cashuError('keyset-unknown', `${input.keysetId}; /v1/keysets lists this mint's`);
  });
  const ys = await signer.verifyProofs(
    named.map(({ input, keyset: { unit, index } }) => ({ ...input, unit, index })),
  );
  return named.map(({ input: { exponent }, keyset: { row } }, i) => {
    const y = ys[i];
    if (y) return { y, keyset: row, exponent };
    throw new HashpoolError('misaligned', `the signer answered for ${ys.length} proofs of ${named.length}`);
  });
}
