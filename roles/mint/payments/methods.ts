import { cashuError } from '../../../protocols/cashu/errors.ts';
import type { PaymentBackend } from './backend.ts';
import { type Bolt11Config, type OnchainConfig, PAYMENT_UNIT } from './config.ts';

/** A range of amounts, both ends allowed, in sats. */
export interface Range {
  readonly min: bigint;
  readonly max: bigint;
}

/** A payment method with its backend and what the operator allows. */
export interface Method {
  readonly backend: PaymentBackend;
  readonly mint: Range;
  readonly melt: Range;
  /** For how long a quote can be paid. */
  readonly quoteSeconds: number;
}

/** By the name that the Cashu API has for a method. */
export type Methods = ReadonlyMap<string, Method>;

export function methodOf(
  backend: PaymentBackend,
  { min_mint, max_mint, min_melt, max_melt, quote_seconds }: Bolt11Config | OnchainConfig,
): Method {
  return {
    backend,
    mint: { min: BigInt(min_mint), max: BigInt(max_mint) },
    melt: { min: BigInt(min_melt), max: BigInt(max_melt) },
    quoteSeconds: quote_seconds,
  };
}

/** @throws HashpoolError 'method-unsupported' */
export function methodNamed(methods: Methods, name: string): Method {
  const method = methods.get(name);
  if (method) return method;
  throw cashuError('method-unsupported', `${name}; /v1/info lists this mint's`);
}

/** @throws HashpoolError 'unit-unsupported' */
export function checkPaymentUnit(unit: string): void {
  if (unit === PAYMENT_UNIT) return;
  throw cashuError('unit-unsupported', `unit is ${JSON.stringify(unit)}; take ${PAYMENT_UNIT}`);
}

/** @throws HashpoolError 'amount-out-of-range' */
export function checkRange(amount: bigint, { min, max }: Range): void {
  if (amount >= min && amount <= max) return;
  throw cashuError('amount-out-of-range', `amount is ${amount} sats; take ${min} to ${max}`);
}
