import type {
  MeltQuoteBolt11Response,
  Mint,
  MintQuoteBolt11Response,
  Proof,
  SerializedBlindedMessage,
  SerializedBlindedSignature,
} from '@cashu/cashu-ts';
import { HashpoolError } from '../../protocols/errors.ts';
import { BOLT11_HOUR_MS } from './invoice.ts';

/** An invoice of the mint, whose payment becomes tokens (NUT-23). */
export interface InvoiceQuote {
  readonly id: string;
  readonly invoice: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** What paying an invoice costs, in units, and how far it is (NUT-05, NUT-23). */
export interface MeltQuote {
  readonly id: string;
  readonly unit: string;
  readonly amount: bigint;
  /** What has to be given besides; what is not used comes back as change. */
  readonly feeReserve: bigint;
  readonly state: 'UNPAID' | 'PENDING' | 'PAID';
  /** The proof of payment, where there is one. */
  readonly preimage: string | undefined;
  /** Signatures on the first of the blank outputs (NUT-08). */
  readonly change: readonly SerializedBlindedSignature[];
}

/** What the wallet asks of a mint that is on Lightning. Every method throws the errors of `requestMint`. */
export interface MintPayments {
  /** @param pubkey that must sign for the tokens (NUT-20) */
  makeInvoice(order: {
    amount: bigint;
    unit: string;
    description: string | undefined;
    pubkey: string;
  }): Promise<InvoiceQuote>;
  /** Those of invoices `ids` that are paid and not minted (NUT-29). */
  paidOf(ids: string[]): Promise<string[]>;
  quoteMelt(invoice: string, unit: string): Promise<MeltQuote>;
  meltQuote(id: string): Promise<MeltQuote>;
  melt(id: string, inputs: Proof[], outputs: SerializedBlindedMessage[]): Promise<MeltQuote>;
}

/** @param checked turns cashu-ts's errors into ours */
export function openMintPayments(
  mint: Mint,
  checked: <T>(ask: () => Promise<T>) => Promise<T>,
): MintPayments {
  return {
    makeInvoice: ({ amount, description, ...order }) =>
      checked(async () => {
        const quote = await mint.createMintQuoteBolt11({
          ...order,
          amount,
          ...(description === undefined ? {} : { description }),
        });
        return { id: quote.quote, invoice: quote.request, expiresAt: expiryOf(quote) };
      }),
    paidOf: (ids) =>
      checked(async () => {
        const quotes = await mint.checkMintQuoteBatchBolt11(ids);
        return quotes.filter(({ state }) => state === 'PAID').map(({ quote }) => quote);
      }),
    quoteMelt: (request, unit) =>
      checked(async () => toMeltQuote(await mint.createMeltQuoteBolt11({ request, unit }))),
    meltQuote: (id) => checked(async () => toMeltQuote(await mint.checkMeltQuoteBolt11(id))),
    // Whoever does not wait for the payment gets its answer before any time-out.
    melt: (quote, inputs, outputs) =>
      checked(async () => toMeltQuote(await mint.meltBolt11({ quote, inputs, outputs, prefer_async: true }))),
  };
}

function expiryOf({ expiry }: MintQuoteBolt11Response): number {
  return typeof expiry === 'number' && expiry > 0 ? expiry * 1000 : Date.now() + BOLT11_HOUR_MS;
}

function toMeltQuote(quote: MeltQuoteBolt11Response): MeltQuote {
  const { quote: id, unit, amount, fee_reserve: reserve, state, payment_preimage: preimage, change } = quote;
  if (state !== 'UNPAID' && state !== 'PENDING' && state !== 'PAID') {
    throw new HashpoolError('mint-answer', `the melt quote ${id} is in no state that is known`);
  }
  return {
    id,
    unit,
    amount: amount.toBigInt(),
    feeReserve: reserve.toBigInt(),
    state,
    preimage: preimage ?? undefined,
    change: change ?? [],
  };
}
