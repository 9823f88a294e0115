import { amountsOf } from './outputs.ts';
import { type Proof, sumOf } from './proofs.ts';
import type { Parts } from './settle.ts';
import { type Choice, feeOf, swapOwn } from './swap.ts';

/** Unspent proofs of one unit beyond which the smallest are swapped for fewer; a pass mints some ten. */
const CONSOLIDATE_ABOVE = 256;
/** Inputs of one such swap: half of what the mint takes, and its outputs are never more than a keyset has amounts. */
const INPUTS_PER_SWAP = 500;
/** Swaps of one unit and pass, so that other tasks get their turn. */
const SWAPS_PER_PASS = 10;

/**
 * Keeps the number of proofs, and with it the length of tokens, small: many small ones become few large ones. Those of
 * a keyset that its unit has left behind are exchanged too, as long as the mint takes them (NUT-02).
 */
export async function consolidate(parts: Parts): Promise<void> {
  for (const keyset of parts.keysets.all().filter(({ active }) => active)) {
    for (let swap = 0; swap < SWAPS_PER_PASS && !parts.isClosing(); swap++) {
      const swapped = await swapOwn(parts, {
        kind: 'consolidate',
        keyset,
        choose: (unspent) => choose(parts, unspent),
      });
      if (!swapped) break;
    }
  }
}

function choose(parts: Parts, unspent: readonly Proof[]): Choice | undefined {
  const retired = unspent.filter(({ keysetId }) => !parts.keysets.get(keysetId).active);
  const inputs = (unspent.length > CONSOLIDATE_ABOVE ? unspent : retired).slice(-INPUTS_PER_SWAP);
  const fee = feeOf(parts, inputs);
  const amounts = amountsOf(sumOf(inputs) - fee);
  const isBetter = retired.length > 0 || amounts.length < inputs.length;
  return isBetter && amounts.length > 0 ? { inputs, amounts, fee } : undefined;
}
