import { randomBytes } from 'node:crypto';
import { decodeInvoice, encodeInvoice, type NewInvoice } from '../../../protocols/lightning/invoice.ts';
import { loadCrypto } from '../../../runtime/crypto.ts';

/** Reads and writes Lightning invoices: their signatures are curve work, which no thread with sockets does. */
export async function start(_: null) {
  const { curve } = await loadCrypto();
  return {
    decode: (text: string) => decodeInvoice(curve, text),
    encode: ({ invoice, secretKey }: { invoice: NewInvoice; secretKey: Uint8Array }) =>
      encodeInvoice(curve, invoice, secretKey, randomBytes(32)),
  };
}

export type InvoiceTasks = Awaited<ReturnType<typeof start>>;
