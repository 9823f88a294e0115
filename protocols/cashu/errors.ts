import { HashpoolError, isHashpoolError } from '../errors.ts';

/** One row of the table: the number a wallet reads, the spec's wording, the HTTP status. */
export interface ErrorRow {
  readonly number: number;
  readonly text: string;
  readonly status: number;
}

/** Rows as the spec's error_codes.md has them answer 400 (NUT-00, Errors). */
function row(number: number, text: string, status = 400): ErrorRow {
  return { number, text, status };
}

/**
 * Every error a mint of ours answers with. Numbers from 10001 to 20009 are those of the NUTs' error_codes.md;
 * the last group is our own, for what that table has no number for.
 */
export const cashuErrors = {
  'proof-invalid': row(10001, 'Proof verification failed'),
  'proofs-spent': row(11001, 'Proofs already spent'),
  'proofs-pending': row(11002, 'Proofs are pending'),
  'outputs-signed': row(11003, 'Outputs already signed'),
  'outputs-pending': row(11004, 'Outputs are pending'),
  'not-balanced': row(11005, 'Transaction is not balanced (inputs != outputs)'),
  'amount-out-of-range': row(11006, 'Amount outside of limit range'),
  'duplicate-inputs': row(11007, 'Duplicate inputs provided'),
  'duplicate-outputs': row(11008, 'Duplicate outputs provided'),
  'several-units': row(11009, 'Inputs/Outputs of multiple units'),
  'units-differ': row(11010, 'Inputs and outputs not of same unit'),
  'amountless-unsupported': row(11011, 'Amountless invoice is not supported'),
  'amount-differs': row(11012, 'Amount in request does not equal invoice'),
  'unit-unsupported': row(11013, 'Unit in request is not supported'),
  'too-many-inputs': row(11014, 'Max inputs exceeded'),
  'too-many-outputs': row(11015, 'Max outputs exceeded'),
  'duplicate-quotes': row(11016, 'Duplicate quote IDs provided'),
  'batch-too-large': row(11017, 'Max batch size exceeded'),
  'keyset-unknown': row(12001, 'Keyset is not known'),
  'keyset-inactive': row(12002, 'Keyset is inactive, cannot sign messages'),
  'keyset-expired': row(12003, 'Keyset has expired'),
  'quote-unpaid': row(20001, 'Quote request is not paid'),
  'quote-issued': row(20002, 'Quote has already been issued'),
  'minting-disabled': row(20003, 'Minting is disabled'),
  'payment-failed': row(20004, 'Lightning payment failed'),
  'quote-pending': row(20005, 'Quote is pending'),
  'invoice-paid': row(20006, 'Invoice already paid'),
  'quote-expired': row(20007, 'Quote is expired'),
  'signature-invalid': row(20008, 'Signature for mint request invalid'),
  // The table has no number for a lock; this is the one that wallets know from other mints.
  'witness-invalid': row(20008, 'Witness does not unlock the proof'),
  'pubkey-required': row(20009, 'Pubkey required for mint quote'),

  'request-malformed': row(40000, 'Request is malformed'),
  'request-too-large': row(40001, 'Request is too large', 413),
  'method-unsupported': row(40002, 'Payment method is not supported'),
  'quote-unknown': row(40003, 'Quote is not known'),
  'lookup-expired': row(40004, 'Look-up request is too old'),
  'epoch-mismatch': row(40010, 'Ehash is of another epoch'),
  'epoch-open': row(40011, 'Epoch is still open'),
  'epoch-maturing': row(40012, 'Epoch cannot be redeemed yet'),
  'epoch-expired': row(40013, 'Epoch cannot be redeemed any more'),
  'worth-nothing': row(40014, 'Ehash is worth less than a satoshi'),
  'reward-exhausted': row(40015, 'Reward of the epoch is used up'),
  'not-registered': row(40021, 'Key is not registered for auto-payout'),
  'counter-too-low': row(40022, 'Counter is not higher than the last one'),
  'auto-payout-disabled': row(40024, 'Auto-payout is not offered'),
  'key-unknown': row(40025, 'Key has no quotes'),
  'rate-limited': row(42900, 'Too many requests', 429),
  unreported: row(40020, 'No report has it', 404),
  'not-found': row(40400, 'No such endpoint', 404),
  // Nothing has changed: the same request may succeed later, once a disk has room or a node is back.
  'mint-not-ready': row(50300, 'Mint is not ready', 503),
  'signing-stopped': row(50302, 'Mint has stopped signing', 503),
  overloaded: row(50301, 'Mint is overloaded', 503),
  'mint-failed': row(50000, 'Mint failed', 503),
} as const satisfies Record<string, ErrorRow>;

export type CashuErrorCode = keyof typeof cashuErrors;

/**
 * An error of the table, to be thrown anywhere between store and HTTP.
 * @param detail what is wrong with which field, and the remedy; the spec's wording stands before it
 */
export function cashuError(code: CashuErrorCode, detail: string, cause?: unknown): HashpoolError {
  return new HashpoolError(code, `${cashuErrors[code].text}: ${detail}`, { cause });
}

/** The table's row for whatever was thrown, if it is one of the table's errors. */
export function cashuErrorRow(error: unknown): ErrorRow | undefined {
  if (!isHashpoolError(error)) return undefined;
  return Object.hasOwn(cashuErrors, error.code) ? cashuErrors[error.code as CashuErrorCode] : undefined;
}
