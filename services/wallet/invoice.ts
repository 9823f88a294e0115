import { HashpoolError } from '../../protocols/errors.ts';
import type { LockKeys } from './lock-keys.ts';
import { MintRefusal } from './mint-http.ts';
import type { Quote } from './quotes.ts';
import type { LockKey } from './seed.ts';
import type { Parts } from './settle.ts';

/** What Lightning is counted in. */
export const LIGHTNING_UNIT = 'sat';
/** Invoices that are asked after in one pass, in one request. */
const INVOICES_PER_PASS = 100;
/** An invoice that names no end has BOLT 11's hour. */
export const BOLT11_HOUR_MS = 3_600_000;

/** An invoice whose payment `collect` turns into tokens. */
export interface Invoice {
  readonly invoice: string;
  readonly amount: bigint;
  readonly unit: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/**
 * An invoice for `amount` (NUT-23), locked to a key of the wallet: nobody else can mint what is paid to it.
 * @throws HashpoolError 'bad-amount', and those of `requestMint`
 */
export async function makeInvoice(
  { mint, quotes, clock }: Parts,
  lockKeys: LockKeys,
  { amount, description }: { amount: bigint; description?: string | undefined },
): Promise<Invoice> {
  if (amount <= 0n) throw new HashpoolError('bad-amount', `the amount must be 1 or more, not ${amount}`);
  const key = lockKeys.forPurpose('invoices', clock());
  const order = { amount, unit: LIGHTNING_UNIT, description, pubkey: key.publicKey };
  const { id, invoice, expiresAt } = await mint.payments.makeInvoice(order);
  const quote = {
    id,
    method: 'bolt11',
    keyIndex: key.index,
    unit: LIGHTNING_UNIT,
    amount,
    state: 'UNPAID',
  } as const;
  quotes.addInvoice(quote, expiresAt, clock());
  return { invoice, amount, unit: LIGHTNING_UNIT, expiresAt };
}

/**
 * Finds the invoices that are locked to `keys` and not minted, as a restore does; `collect` mints them once they are paid.
 * @returns indexes of the keys that were ever paid to. One that nobody has paid says nothing: the mint forgets it.
 * @throws HashpoolError those of `requestMint`
 */
export async function findInvoices(
  { mint, quotes, clock }: Parts,
  lockKeys: LockKeys,
  keys: readonly LockKey[],
): Promise<Set<number>> {
  const keyOf = new Map(keys.map((key) => [key.publicKey, key]));
  const paid = new Set<number>();
  for await (const page of mint.quotesOf('bolt11', keys, 'all')) {
    for (const { id, publicKey, unit, amount, state, expiresAt } of page) {
      const key = keyOf.get(publicKey);
      if (!key) continue;
      if (state === 'UNPAID') lockKeys.known(key, clock());
      else lockKeys.used(key, clock());
      if (state !== 'UNPAID') paid.add(key.index);
      if (state !== 'UNPAID' && state !== 'PAID') continue;
      const quote = { id, method: 'bolt11', keyIndex: key.index, unit, amount, state } as const;
      quotes.addInvoice(quote, expiresAt ?? clock() + BOLT11_HOUR_MS, clock());
    }
  }
  return paid;
}

/** Notes which invoices are paid; the next step mints them. */
export async function lookUpInvoices(parts: Parts): Promise<void> {
  const unpaid = parts.quotes.unpaidInvoices(INVOICES_PER_PASS, parts.clock());
  if (unpaid.length > 0) await lookUp(parts, unpaid);
}

/** One that the mint refuses to tell of is found by halving, and does not hide the others. */
async function lookUp(parts: Parts, unpaid: readonly Quote[]): Promise<void> {
  const { mint, quotes, clock } = parts;
  try {
    const paid = new Set(await mint.payments.paidOf(unpaid.map(({ id }) => id)));
    quotes.note(
      unpaid.map((quote) => (paid.has(quote.id) ? { ...quote, state: 'PAID' as const } : quote)),
      clock(),
    );
  } catch (error) {
    if (!(error instanceof MintRefusal)) throw error;
    const [only] = unpaid;
    if (unpaid.length === 1 && only) return quotes.refused(only.id, error.message, clock());
    const half = Math.ceil(unpaid.length / 2);
    await lookUp(parts, unpaid.slice(0, half));
    await lookUp(parts, unpaid.slice(half));
  }
}
