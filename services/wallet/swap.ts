import { HashpoolError } from '../../protocols/errors.ts';
import { inputFee, type Keyset } from './keysets.ts';
import { amountsOf } from './outputs.ts';
import { type Proof, sumOf } from './proofs.ts';
import { type Parts, settle } from './settle.ts';

/** Unspent proofs of one unit beyond which the smallest are swapped for fewer; a pass mints some ten. */
const TIDY_ABOVE = 256;
/** Inputs of one such swap. */
const TIDY_INPUTS = 200;

/** The fee in units for spending `inputs`; every keyset has its own (NUT-02). */
export function feeOf(parts: Parts, inputs: readonly { readonly keysetId: string }[]): bigint {
  const ppk = inputs.reduce((sum, { keysetId }) => sum + parts.keysets.get(keysetId).inputFeePpk, 0);
  return inputFee({ inputFeePpk: ppk }, 1);
}

/**
 * Swaps proofs of our own for new ones (NUT-03).
 * @param choose called with the unspent proofs of the unit, the largest first, inside the transaction that reserves
 * its choice; undefined for none
 * @returns whether anything was swapped
 * @throws HashpoolError 'proofs-spent' where the mint knows some as spent: they are marked and the rest is free again
 */
export async function swapOwn(
  parts: Parts,
  keyset: Keyset,
  choose: (unspent: readonly Proof[]) => { inputs: readonly Proof[]; outputs: readonly bigint[] } | undefined,
): Promise<boolean> {
  let inputs: readonly Proof[] = [];
  const operation = parts.journal.begin({
    kind: 'swap',
    keyset,
    claim: (id) => {
      const choice = choose(parts.proofs.unspent(keyset.unit));
      if (!choice) return [];
      inputs = choice.inputs;
      parts.proofs.reserve(inputs, id, parts.clock());
      return choice.outputs;
    },
  });
  if (!operation) return false;
  const settled = await settle(parts, operation);
  if (settled.done) return true;
  const spent = await parts.mint.spentOf(inputs.map(({ secret }) => secret));
  if (spent.length === 0) throw settled.refusal;
  parts.proofs.markSpent(spent, parts.clock());
  const lost = sumOf(inputs.filter(({ secret }) => spent.includes(secret)));
  throw new HashpoolError(
    'proofs-spent',
    `tokens of ${lost} ${keyset.unit} in this wallet were spent elsewhere, from the same seed; the balance is corrected: try again`,
    { cause: settled.refusal },
  );
}

/** Keeps the number of proofs, and with it the length of tokens, small: many small ones become few large ones. */
export async function tidy(parts: Parts): Promise<void> {
  for (const keyset of parts.keysets.all().filter(({ active }) => active)) {
    await swapOwn(parts, keyset, (unspent) => {
      if (unspent.length <= TIDY_ABOVE) return undefined;
      const inputs = unspent.slice(-TIDY_INPUTS);
      const outputs = amountsOf(sumOf(inputs) - feeOf(parts, inputs));
      return outputs.length < inputs.length ? { inputs, outputs } : undefined;
    });
  }
}
