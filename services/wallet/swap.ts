import { HashpoolError } from '../../protocols/errors.ts';
import type { Claim, Draft } from './journal.ts';
import { inputFee } from './keysets.ts';
import type { Proof } from './proofs.ts';
import { type Parts, type Settled, settle } from './settle.ts';

/** The fee in units for spending `inputs`; every keyset has its own (NUT-02). */
export function feeOf(parts: Parts, inputs: readonly { readonly keysetId: string }[]): bigint {
  const ppk = inputs.reduce((sum, { keysetId }) => sum + parts.keysets.get(keysetId).inputFeePpk, 0);
  return inputFee({ inputFeePpk: ppk }, 1);
}

/** What to swap, and for which outputs of our own, in units. */
export interface Choice extends Claim {
  readonly inputs: readonly Proof[];
}

/** A swap of our own proofs. */
export interface OwnSwap extends Omit<Draft, 'claim'> {
  /** Of the proofs, where that is not the keyset's: ehash that is redeemed. */
  readonly unit?: string;
  /** Of the unspent proofs of the unit, the largest first, those to swap; undefined for none. */
  choose(unspent: readonly Proof[]): Choice | undefined;
}

/**
 * Swaps proofs of our own for new ones (NUT-03), or redeems them.
 * @param draft.choose called inside the transaction that reserves its choice
 * @returns undefined where nothing was chosen
 * @throws HashpoolError 'proofs-spent' where the mint knows some as spent: they are marked and the rest is free again
 */
export async function swapOwn(
  parts: Parts,
  { choose, unit: from, ...draft }: OwnSwap,
): Promise<(Settled & { done: true }) | undefined> {
  const unit = from ?? draft.keyset.unit;
  let inputs: readonly Proof[] = [];
  const operation = parts.journal.begin({
    ...draft,
    claim: (id) => {
      const choice = choose(parts.proofs.unspent(unit));
      if (!choice) return undefined;
      inputs = choice.inputs;
      parts.proofs.reserve(inputs, id, parts.clock());
      return choice;
    },
  });
  if (!operation) return undefined;
  const settled = await settle(parts, operation);
  if (settled.done) return settled;
  const spent = await parts.mint.spentOf(inputs.map(({ secret }) => secret));
  if (spent.length === 0) throw settled.refusal;
  const lost = parts.journal.lost(spent, 'spent elsewhere, from the same seed');
  throw new HashpoolError(
    'proofs-spent',
    `tokens of ${lost} ${unit} in this wallet were spent elsewhere, from the same seed; the balance is corrected: try again`,
    { cause: settled.refusal },
  );
}
