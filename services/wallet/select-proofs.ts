import type { Proof } from './proofs.ts';

/**
 * Proofs that add up to `amount` exactly, the fewest that do, or undefined. Largest first is best here since
 * every amount of a keyset divides the next one.
 * @param proofs by amount, the largest first
 */
export function selectExactly(proofs: readonly Proof[], amount: bigint): Proof[] | undefined {
  const { chosen, rest } = takeLargest(proofs, amount);
  return rest === 0n ? chosen : undefined;
}

/**
 * Proofs to be swapped so that `selectExactly` works on what is there afterwards, and what is missing:
 * the smallest proof above it, or where a fee makes that too small, as many as it takes; undefined where the sum is short.
 * @param proofs by amount, the largest first
 * @param feeOf units that the mint takes for swapping these
 */
export function selectForSwap(
  proofs: readonly Proof[],
  amount: bigint,
  feeOf: (inputs: readonly Proof[]) => bigint,
): { inputs: Proof[]; missing: bigint } | undefined {
  const { chosen, rest: missing } = takeLargest(proofs, amount);
  const kept = new Set(chosen);
  const inputs: Proof[] = [];
  let sum = 0n;
  for (const proof of proofs.filter((candidate) => !kept.has(candidate)).reverse()) {
    if (inputs.length === 0 && proof.amount < missing) continue;
    inputs.push(proof);
    sum += proof.amount;
    if (sum >= missing + feeOf(inputs)) return { inputs, missing };
  }
  return undefined;
}

/**
 * Proofs that are worth `amount` and their fee, little more of them than that, or undefined where the sum is short:
 * what adds up exactly as far as it goes, then the smallest that covers the rest.
 * @param proofs by amount, the largest first
 * @param feeOf units that the mint takes for spending these
 */
export function selectAtLeast(
  proofs: readonly Proof[],
  amount: bigint,
  feeOf: (inputs: readonly Proof[]) => bigint,
): Proof[] | undefined {
  const { chosen, rest } = takeLargest(proofs, amount);
  const kept = new Set(chosen);
  const others = proofs.filter((proof) => !kept.has(proof));
  let sum = amount - rest;
  while (sum < amount + feeOf(chosen)) {
    const missing = amount + feeOf(chosen) - sum;
    const [next] = others.splice(
      Math.max(
        0,
        others.findLastIndex((proof) => proof.amount >= missing),
      ),
      1,
    );
    if (!next) return undefined;
    chosen.push(next);
    sum += next.amount;
  }
  return chosen;
}

function takeLargest(proofs: readonly Proof[], amount: bigint): { chosen: Proof[]; rest: bigint } {
  const chosen: Proof[] = [];
  let rest = amount;
  for (const proof of proofs) {
    if (rest === 0n) break;
    if (proof.amount > rest) continue;
    chosen.push(proof);
    rest -= proof.amount;
  }
  return { chosen, rest };
}
