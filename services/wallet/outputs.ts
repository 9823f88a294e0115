import { deriveSecretAndBlindingFactor } from '@cashu/cashu-ts';
import { toHex } from '../../protocols/bytes.ts';
import { amountOf, KEYSET_SIZE, splitAmount } from '../../protocols/cashu/amount.ts';
import type { Curve } from '../../protocols/crypto/curve.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import { blind, type Output } from './blinding.ts';
import type { Operation } from './journal.ts';
import { deriveLockedOutputs } from './locked-outputs.ts';
import type { WalletSeed } from './seed.ts';

/** What outputs are derived with. */
interface Source {
  readonly seed: WalletSeed;
  readonly curve: Curve;
}

/** The fewest amounts of a keyset that add up to `sum`, the smallest first, so that their order says nothing. */
export function amountsOf(sum: bigint): bigint[] {
  const exponents = splitAmount(sum);
  const largest = exponents.at(-1) ?? 0;
  if (largest >= KEYSET_SIZE)
    throw new HashpoolError('amount-too-large', `${sum} is more than one operation can hold`);
  return exponents.map(amountOf);
}

/**
 * Blinded messages from the seed and consecutive counters (NUT-13, NUT-00).
 * @param amounts in units, in the order of their counters; 0 where the amount is not known (NUT-09)
 */
export function deriveOutputs(
  { seed, curve }: Source,
  keysetId: string,
  firstCounter: number,
  amounts: readonly bigint[],
): Output[] {
  return amounts.map((amount, i) => {
    const { secret, blindingFactor } = deriveSecretAndBlindingFactor(seed.bytes, keysetId, firstCounter + i);
    return blind(curve, { keysetId, amount, secret: toHex(secret), factor: blindingFactor });
  });
}

/**
 * All outputs of an operation, always the same ones, ordered by amount and then by their blinded bytes: what is handed
 * out looks like the change.
 */
export function outputsOf(source: Source, operation: Operation): (Output & { readonly isLocked: boolean })[] {
  const { keysetId, firstCounter, amounts, locked } = operation;
  const own = deriveOutputs(source, keysetId, firstCounter, amounts);
  const handedOut = locked ? deriveLockedOutputs(source.curve, keysetId, locked) : [];
  return [
    ...own.map((output) => ({ ...output, isLocked: false })),
    ...handedOut.map((output) => ({ ...output, isLocked: true })),
  ].sort(byAmount);
}

function byAmount({ message: a }: Output, { message: b }: Output): number {
  const [first, second] = [a.amount.toBigInt(), b.amount.toBigInt()];
  if (first !== second) return first < second ? -1 : 1;
  return a.B_ < b.B_ ? -1 : 1;
}
