import { reversed, toHex } from '../../../protocols/bytes.ts';
import { amountOf } from '../../../protocols/cashu/amount.ts';
import { jsonInteger } from '../../../protocols/cashu/json.ts';
import type { Quote } from '../engine.ts';
import type { IssuedSignature } from '../issuance.ts';

/** The payment method of shares. */
export const METHOD = 'ehash';

/** A BlindSignature of NUT-00 with the DLEQ proof of NUT-12. */
export function signatureAnswer({ keysetId, exponent, signature, e, s }: IssuedSignature) {
  return {
    id: keysetId,
    amount: jsonInteger(amountOf(exponent)),
    C_: toHex(signature),
    dleq: { e: toHex(e), s: toHex(s) },
  };
}

/** A mint quote of NUT-04 for method `ehash`; `request` is the share's hash in display order. */
export function quoteAnswer(quote: Quote) {
  const amount = jsonInteger(quote.amount);
  return {
    quote: quote.name,
    request: toHex(reversed(quote.shareHashLe)),
    unit: quote.unit,
    method: METHOD,
    amount,
    amount_paid: quote.state === 'PAID' || quote.state === 'ISSUED' ? amount : 0,
    amount_issued: quote.state === 'ISSUED' ? amount : 0,
    state: quote.state,
    pubkey: toHex(quote.publicKey),
    expiry: null,
  };
}
