import { amountOf, sumOf } from '../../protocols/cashu/amount.ts';
import { cashuError } from '../../protocols/cashu/errors.ts';
import { checkOutputs, type Keyset, type Output } from '../ledger/tokens.ts';
import { type QuoteStanding, quoteState } from './state.ts';

/** What minting asks of a quote. */
export interface MintableQuote extends QuoteStanding {
  /** As the wallet names it. */
  readonly name: string;
  readonly unit: string;
  /** The quote is worth 2^exponent. */
  readonly exponent: number;
}

/**
 * Whether `quotes` may be minted into `outputs` (NUT-04 for one, NUT-29 for several): all paid, none issued, all
 * of the outputs' unit, and the sums equal.
 * @param now Unix seconds
 * @throws HashpoolError 'quote-unpaid', 'quote-issued', 'several-units', 'units-differ', 'not-balanced' and those of `checkOutputs`
 */
export function checkMint(
  quotes: readonly MintableQuote[],
  outputs: readonly Output[],
  keysets: ReadonlyMap<string, Keyset>,
  now: number,
): void {
  for (const quote of quotes) checkPaid(quote);
  const unit = checkOutputs(outputs, keysets, now);
  for (const quote of quotes) {
    if (quote.unit !== quotes[0]?.unit) {
      throw cashuError(
        'several-units',
        `quote ${quote.name} is in ${quote.unit}; batch quotes of one unit only`,
      );
    }
    if (quote.unit !== unit) {
      throw cashuError('units-differ', `quote ${quote.name} is in ${quote.unit}, the outputs are in ${unit}`);
    }
  }
  const due = quotes.reduce((sum, quote) => sum + amountOf(quote.exponent), 0n);
  const asked = sumOf(outputs.map(({ exponent }) => exponent));
  if (due !== asked)
    throw cashuError('not-balanced', `the quotes are worth ${due}, the outputs ask for ${asked}`);
}

/**
 * Whether one quote is paid and not yet minted.
 * @throws HashpoolError 'quote-unpaid', 'quote-issued'
 */
export function checkPaid(quote: QuoteStanding & { readonly name: string }): void {
  const state = quoteState(quote);
  if (state === 'PAID') return;
  if (state === 'UNPAID') {
    throw cashuError(
      'quote-unpaid',
      `quote ${quote.name} is not paid before its epoch is final; ask again later`,
    );
  }
  if (state === 'VOID') {
    throw cashuError('quote-unpaid', `quote ${quote.name} is void: its share failed a later check`);
  }
  if (state === 'AUTO_PAID') {
    throw cashuError(
      'quote-issued',
      `quote ${quote.name} is AUTO_PAID; its worth went to the balance of its key`,
    );
  }
  throw cashuError('quote-issued', `quote ${quote.name} is ${state}; /v1/restore gives its signatures again`);
}
