/**
 * Shares a transaction's fee out among those who are paid by it: evenly, rounded up, but nobody bears more than was
 * promised; what that spares one, the others bear as far as they can.
 * @param fee sats
 * @param reserves the most that each may bear, in sats
 * @returns a share for each; together at least the fee, or all of the reserves where they don't reach
 */
export function feeShares(fee: bigint, reserves: readonly bigint[]): bigint[] {
  const shares = reserves.map(() => 0n);
  const smallestFirst = reserves.map((reserve, index) => ({ reserve, index })).sort(byReserve);
  let rest = fee;
  let count = BigInt(reserves.length);
  for (const { reserve, index } of smallestFirst) {
    const even = rest > 0n ? (rest + count - 1n) / count : 0n;
    const share = even < reserve ? even : reserve;
    shares[index] = share;
    rest -= share;
    count -= 1n;
  }
  return shares;
}

function byReserve(a: { reserve: bigint; index: number }, b: { reserve: bigint; index: number }): number {
  if (a.reserve === b.reserve) return a.index - b.index;
  return a.reserve < b.reserve ? -1 : 1;
}
