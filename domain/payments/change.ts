import { splitAmount } from '../../protocols/cashu/amount.ts';

/**
 * What a melt gives back (NUT-08): what was provided beyond the amount and the fee that was really paid, in the
 * fewest powers of two, ascending. Where blank outputs are too few for all of it, the largest ones are kept.
 * @param blanks how many blank outputs the wallet gave
 * @returns an exponent for each of the first blank outputs
 */
export function changeOf(provided: bigint, amount: bigint, fee: bigint, blanks: number): number[] {
  const rest = provided - amount - fee;
  if (rest <= 0n || blanks === 0) return [];
  return splitAmount(rest).slice(-blanks);
}
