import { deriveSecretAndBlindingFactor } from '@cashu/cashu-ts';
import { toHex } from '../../protocols/bytes.ts';
import { amountOf, KEYSET_SIZE, splitAmount } from '../../protocols/cashu/amount.ts';
import type { Curve } from '../../protocols/crypto/curve.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import { blind, type Output } from './blinding.ts';
import type { WalletSeed } from './seed.ts';

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
  { seed, curve }: { seed: WalletSeed; curve: Curve },
  keysetId: string,
  firstCounter: number,
  amounts: readonly bigint[],
): Output[] {
  return amounts.map((amount, i) => {
    const { secret, blindingFactor } = deriveSecretAndBlindingFactor(seed.bytes, keysetId, firstCounter + i);
    return blind(curve, { keysetId, amount, secret: toHex(secret), factor: blindingFactor });
  });
}
