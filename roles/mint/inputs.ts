import { conditionsOf, notUnlocked, type Spending } from '../../domain/ledger/conditions.ts';
import type { CheckedInputs, Keyset } from '../../domain/ledger/tokens.ts';
import { cashuError } from '../../protocols/cashu/errors.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import type { MintKeyset } from './keyset-book.ts';
import type { Signer } from './signer/signer.ts';
import type { SpentRow } from './store/ledger.ts';

/** What the check of inputs needs of the mint. */
export interface InputChecks {
  readonly signer: Pick<Signer, 'verifyProofs' | 'openLocks'>;
  readonly keysets: ReadonlyMap<string, Keyset & Pick<MintKeyset, 'row' | 'index'>>;
}

/**
 * Whether inputs may be spent in this request, as far as that shows without the ledger: each is signed by this mint,
 * and its spending condition is met (NUT-10). The one such check, for swaps and melts alike.
 * @param paid what `checkInputs` gave
 * @param now Unix seconds
 * @returns the rows that spend them, in the order of the inputs
 * @throws HashpoolError 'proof-invalid', 'witness-invalid', 'too-many-inputs'
 */
export async function spendable(
  { signer, keysets }: InputChecks,
  { inputs }: CheckedInputs,
  spending: Spending,
  now: number,
): Promise<SpentRow[]> {
  const { checks, isLocked } = conditionsOf(inputs, spending, now);
  const named = inputs.map((input) => {
    const keyset = keysets.get(input.keysetId);
    if (keyset) return { input, keyset };
    throw cashuError('keyset-unknown', `${input.keysetId}; /v1/keysets lists this mint's`);
  });
  const ys = await signer.verifyProofs(
    named.map(({ input, keyset: { unit, index } }) => ({ ...input, unit, index })),
  );
  const areOpen = await signer.openLocks(checks);
  const shut = checks.find((_, i) => !areOpen[i]);
  if (shut) {
    throw notUnlocked(
      shut.input,
      'keys of which too few signed; sign its secret, or for SIG_ALL the request',
    );
  }
  return named.map(({ input: { exponent, witness }, keyset: { row } }, i) => {
    const y = ys[i];
    if (y) return { y, keyset: row, exponent, ...(isLocked[i] && witness !== undefined ? { witness } : {}) };
    throw new HashpoolError('misaligned', `the signer answered for ${ys.length} proofs of ${named.length}`);
  });
}
