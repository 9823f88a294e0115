/** What a Lightning payment may cost at most, by the operator's word. */
export interface ReserveTerms {
  /** Sats. */
  readonly minimum: bigint;
  /** Millionths of the amount. */
  readonly ppm: bigint;
}

/** The fee reserve of an amount: a part of it, rounded up, but no less than the minimum. */
export function lightningReserve(amount: bigint, { minimum, ppm }: ReserveTerms): bigint {
  const part = (amount * ppm + 999_999n) / 1_000_000n;
  return part > minimum ? part : minimum;
}
