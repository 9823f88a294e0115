import { sumOf } from '../../protocols/cashu/amount.ts';
import { cashuError } from '../../protocols/cashu/errors.ts';
import { checkOutputs, type Keyset, type Output } from '../ledger/tokens.ts';

/** How a quote that is paid from outside stands; all amounts in its unit. */
export interface PaymentStanding {
  /** Undefined where it is the payer's choice (NUT-30). */
  readonly amount: bigint | undefined;
  readonly amountPaid: bigint;
  readonly amountIssued: bigint;
  /** Unix seconds. */
  readonly expiry: number | undefined;
}

/** What minting asks of such a quote. */
export interface MintablePayment extends PaymentStanding {
  /** As the wallet names it. */
  readonly name: string;
  readonly unit: string;
}

/** UNPAID while there is nothing to mint and was nothing, ISSUED when all that came is minted (NUT-23). */
export function mintedState({ amountPaid, amountIssued }: PaymentStanding): 'UNPAID' | 'PAID' | 'ISSUED' {
  if (amountPaid > amountIssued) return 'PAID';
  return amountIssued > 0n ? 'ISSUED' : 'UNPAID';
}

/**
 * What a payment that came in is worth to its quote. A quote of a fixed amount takes that amount, and only where it
 * is all there, whenever it came: the node that took it has judged the time. One without takes whatever reaches the
 * minimum and was seen in time (NUT-30).
 */
export function credit(
  { amount, expiry }: PaymentStanding,
  payment: { readonly amount: bigint; readonly seenAt: number },
  minimum: bigint,
): bigint {
  if (amount !== undefined) return payment.amount >= amount ? amount : 0n;
  const isInTime = expiry === undefined || payment.seenAt <= expiry;
  return isInTime && payment.amount >= minimum ? payment.amount : 0n;
}

/**
 * How much of each quote a request mints (NUT-04 for one, NUT-29 for several). A quote of a fixed amount is minted
 * whole; of one without, `expected` says how much, or the outputs do where it is the only one.
 * @param expected one for each quote, where the wallet gave them
 * @param now Unix seconds
 * @throws HashpoolError 'quote-unpaid', 'quote-issued', 'quote-expired', 'several-units', 'units-differ', 'not-balanced' and those of `checkOutputs`
 */
export function amountsToMint(
  quotes: readonly MintablePayment[],
  outputs: readonly Output[],
  expected: readonly bigint[] | undefined,
  keysets: ReadonlyMap<string, Keyset>,
  now: number,
): bigint[] {
  for (const quote of quotes) checkMintable(quote, now);
  const unit = checkOutputs(outputs, keysets, now);
  const asked = sumOf(outputs.map(({ exponent }) => exponent));
  const amounts = quotes.map((quote, i) => {
    checkUnit(quote, quotes[0]?.unit, unit);
    const amount = quote.amount ?? expected?.[i] ?? (quotes.length === 1 ? asked : 0n);
    const available = quote.amountPaid - quote.amountIssued;
    const wanted = expected?.[i] ?? amount;
    if (wanted === amount && amount > 0n && amount <= available) return amount;
    throw cashuError(
      'not-balanced',
      `quote ${quote.name} has ${available} to be minted; ask for ${quote.amount === undefined ? 'that or less' : 'that'}, in quote_amounts too`,
    );
  });
  const due = amounts.reduce((sum, amount) => sum + amount, 0n);
  if (due === asked) return amounts;
  throw cashuError('not-balanced', `the quotes are worth ${due}, the outputs ask for ${asked}`);
}

function checkMintable(quote: MintablePayment, now: number): void {
  const state = mintedState(quote);
  if (state === 'PAID') return;
  if (state === 'ISSUED')
    throw cashuError('quote-issued', `quote ${quote.name}; /v1/restore gives its signatures again`);
  if (quote.expiry !== undefined && now > quote.expiry)
    throw cashuError('quote-expired', `quote ${quote.name} ended unpaid at ${quote.expiry}; take a new one`);
  throw cashuError('quote-unpaid', `quote ${quote.name}; pay its request first`);
}

function checkUnit({ name, unit }: MintablePayment, first: string | undefined, ofOutputs: string): void {
  if (unit !== first)
    throw cashuError('several-units', `quote ${name} is in ${unit}; batch quotes of one unit only`);
  if (unit !== ofOutputs)
    throw cashuError('units-differ', `quote ${name} is in ${unit}, the outputs are in ${ofOutputs}`);
}
