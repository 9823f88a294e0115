import { toHex } from '../../../protocols/bytes.ts';
import { jsonInteger } from '../../../protocols/cashu/json.ts';
import type { MeltQuote } from '../payments/melt-quotes.ts';
import type { PaymentQuote } from '../payments/mint-quotes.ts';
import { signatureAnswer } from './answers.ts';

/** A mint quote of NUT-23 or, without an amount, of NUT-30. */
export function paymentQuoteAnswer(quote: PaymentQuote) {
  const { name, request, unit, method, amount, state, expiry, publicKey, amountPaid, amountIssued } = quote;
  return {
    quote: name,
    request,
    unit,
    method,
    ...(amount === undefined ? {} : { amount: jsonInteger(amount), state }),
    amount_paid: jsonInteger(amountPaid),
    amount_issued: jsonInteger(amountIssued),
    expiry: expiry ?? null,
    ...(publicKey ? { pubkey: toHex(publicKey) } : {}),
  };
}

/** A melt quote of NUT-23 or NUT-30, with its change once there is any (NUT-08). */
export function meltQuoteAnswer(quote: MeltQuote) {
  const { name, request, unit, method, amount, state, expiry, change } = quote;
  return {
    quote: name,
    request,
    unit,
    method,
    amount: jsonInteger(amount),
    ...(method === 'onchain' ? onchainFields(quote) : invoiceFields(quote)),
    state,
    expiry,
    ...(change.length > 0 ? { change: change.map(signatureAnswer) } : {}),
  };
}

function invoiceFields({ feeOptions, proof }: MeltQuote) {
  return { fee_reserve: jsonInteger(feeOptions[0]?.reserve ?? 0n), payment_preimage: proof ?? null };
}

function onchainFields({ feeOptions, selectedFee, proof }: MeltQuote) {
  return {
    fee_options: feeOptions.map(({ reserve, blocks }, index) => {
      return { fee_index: index, fee_reserve: jsonInteger(reserve), estimated_blocks: blocks ?? 1 };
    }),
    selected_fee_index: selectedFee ?? null,
    outpoint: proof ?? null,
  };
}
