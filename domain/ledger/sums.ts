/** What a unit's books come to; all amounts in the unit. */
export interface UnitSums {
  /** Whether its quotes are shares; else they are paid from outside. */
  readonly isMined: boolean;
  /** Blind signatures less spent proofs: the tokens out there. */
  readonly outstanding: bigint;
  /** What quotes were minted, and of sats what ehash was redeemed for. */
  readonly issued: bigint;
  /** What quotes were paid, from outside. */
  readonly paid: bigint;
  /** What payments that came in were credited. */
  readonly credited: bigint;
  /** What was paid out, fees included; of ehash what was redeemed. */
  readonly redeemed: bigint;
  /** What was provided for payments that are under way; its tokens are still counted as outstanding. */
  readonly pending: bigint;
  /** Paid and not minted yet. */
  readonly mintable: bigint;
}

/**
 * What is wrong with a unit's books, in words; undefined where they are sound. No token comes from anything but a
 * minted quote, a spent token or ehash that was redeemed, and no quote is paid but by a payment. Fees of inputs, and what wallets gave beyond
 * a payment and took no change for, make fewer tokens than were issued; mined units have neither.
 */
export function mismatchOf(unit: string, sums: UnitSums): string | undefined {
  const { isMined, outstanding, issued, redeemed, paid, credited } = sums;
  const left = issued - redeemed;
  if (outstanding > left) return `${outstanding - left} more ${unit} are out than were issued`;
  if (isMined && outstanding < left)
    return `${left - outstanding} ${unit} were issued and are neither out nor spent`;
  if (paid !== credited) return `quotes of ${unit} are paid with ${paid}, payments brought ${credited}`;
  return undefined;
}

/**
 * What the mint must be able to pay out: tokens that are out and quotes that may be minted. What is under way is the
 * backend's to settle, and left out.
 */
export function liabilityOf({ outstanding, mintable, pending }: UnitSums): bigint {
  const owed = outstanding + mintable - pending;
  return owed > 0n ? owed : 0n;
}
