import { isHashpoolError } from '../../protocols/errors.ts';
import type { Keyset } from './keysets.ts';
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
/** Proofs are exchanged so long before their keyset's end: a wallet may be off for some time. */
const BEFORE_EXPIRY_MS = 30 * 24 * 3_600_000;
/** A unit whose swap the mint refuses is left alone for this time; its proofs stay as they are. */
const REFUSED_PAUSE_MS = 3_600_000;

export interface Consolidator {
  /**
   * Keeps the number of proofs, and with it the length of tokens, small: many small ones become few large ones. Those of
   * a keyset that is rotated or ends soon are exchanged too (NUT-02).
   * @throws HashpoolError 'mint-unreachable' and the like; what the mint refuses is left alone for a while
   */
  pass(): Promise<void>;
}

export function openConsolidator(parts: Parts): Consolidator {
  const restUntil = new Map<string, number>();

  async function consolidate(unit: string): Promise<void> {
    const keyset = parts.keysets.activeFor(unit);
    for (let swap = 0; swap < SWAPS_PER_PASS && !parts.isClosing(); swap++) {
      const swapped = await swapOwn(parts, {
        kind: 'consolidate',
        keyset,
        choose: (unspent) => choose(parts, keyset, unspent),
      });
      if (!swapped) return;
    }
  }

  return {
    pass: async () => {
      for (const unit of parts.keysets.activeUnits()) {
        if (parts.clock() < (restUntil.get(unit) ?? 0)) continue;
        try {
          await consolidate(unit);
        } catch (error) {
          // The journal has the mint's words; spending these proofs will tell them again.
          if (!isHashpoolError(error, 'mint-refused', 'proofs-spent')) throw error;
          restUntil.set(unit, parts.clock() + REFUSED_PAUSE_MS);
        }
      }
    },
  };
}

function choose(parts: Parts, into: Keyset, unspent: readonly Proof[]): Choice | undefined {
  const retired = unspent.filter(({ keysetId }) => isRetired(parts, parts.keysets.get(keysetId), into));
  const inputs = (unspent.length > CONSOLIDATE_ABOVE ? unspent : retired).slice(-INPUTS_PER_SWAP);
  const fee = feeOf(parts, inputs);
  const amounts = amountsOf(sumOf(inputs) - fee);
  const isBetter = retired.length > 0 || amounts.length < inputs.length;
  return isBetter && amounts.length > 0 ? { inputs, amounts, fee } : undefined;
}

function isRetired(
  { clock }: Parts,
  { id, active, expiresAt = Number.POSITIVE_INFINITY }: Keyset,
  into: Keyset,
) {
  if (id === into.id || expiresAt <= clock()) return false;
  return !active || expiresAt - clock() < BEFORE_EXPIRY_MS;
}
