import { HashpoolError } from '../../protocols/errors.ts';
import { LIGHTNING_UNIT } from './invoice.ts';
import { MintRefusal } from './mint-http.ts';
import type { MeltQuote } from './mint-payments.ts';
import { type Proof, sumOf } from './proofs.ts';
import { selectAtLeast } from './select-proofs.ts';
import type { Parts } from './settle.ts';
import { type Choice, feeOf, swapOwn } from './swap.ts';

/** An invoice that was paid. */
export interface PaidInvoice {
  readonly amount: bigint;
  /** What it has cost besides: of Lightning, and of the mint. */
  readonly fee: bigint;
  readonly unit: string;
  readonly preimage: string | undefined;
}

/**
 * Pays an invoice with tokens (NUT-05, NUT-08, NUT-23); what was set aside for fees and not used comes back.
 * @param given.maxFee units that it may cost at most
 * @throws HashpoolError 'fee-too-high', 'not-enough', 'payment-refused' where nothing was paid, 'payment-pending' where
 * the mint does not know yet: the next passes settle it, and those of `requestMint`
 */
export async function payInvoice(
  parts: Parts,
  { invoice, maxFee }: { invoice: string; maxFee?: bigint | undefined },
): Promise<PaidInvoice> {
  const { mint, keysets } = parts;
  const quote = await mint.payments.quoteMelt(invoice.replace(/^lightning:/i, ''), LIGHTNING_UNIT);
  let taken = 0n;
  const choose = (unspent: readonly Proof[]): Choice => {
    const inputs = selectAtLeast(unspent, quote.amount + quote.feeReserve, (chosen) => feeOf(parts, chosen));
    if (!inputs) throw notEnough(quote, sumOf(unspent));
    taken = sumOf(inputs);
    const fee = feeOf(parts, inputs);
    checkFee(quote.feeReserve + fee, maxFee);
    return { inputs, amounts: blanksFor(taken - fee - quote.amount), fee };
  };
  const settled = await swapOwn(parts, {
    kind: 'melt',
    keyset: keysets.activeFor(quote.unit),
    melt: { quote: quote.id, amount: quote.amount },
    note: 'Lightning',
    choose,
  }).catch((cause: unknown) => {
    if (!(cause instanceof MintRefusal)) throw cause;
    throw new HashpoolError('payment-refused', `nothing was paid, ${cause.message}`, { cause });
  });
  if (!settled) throw notEnough(quote, 0n);
  const { preimage } = await mint.payments.meltQuote(quote.id);
  return { amount: quote.amount, fee: taken - settled.amount - quote.amount, unit: quote.unit, preimage };
}

/** As many blank outputs as the change can need: the mint decides on their amounts. */
function blanksFor(change: bigint): bigint[] {
  return change > 0n ? Array.from(change.toString(2), () => 0n) : [];
}

function checkFee(fee: bigint, maxFee: bigint | undefined): void {
  if (maxFee === undefined || fee <= maxFee) return;
  throw new HashpoolError(
    'fee-too-high',
    `the payment may cost up to ${fee}, more than the ${maxFee} that it is allowed: allow more, or pay by another way`,
  );
}

function notEnough({ amount, feeReserve, unit }: MeltQuote, held: bigint): HashpoolError {
  return new HashpoolError(
    'not-enough',
    `the wallet holds ${held} ${unit}: too little to pay ${amount} and set ${feeReserve} aside for fees`,
  );
}
