import { cashuError } from '../../../protocols/cashu/errors.ts';
import { isHashpoolError } from '../../../protocols/errors.ts';
import type { Invoice, NewInvoice } from '../../../protocols/lightning/invoice.ts';
import { openWorkers } from '../../../runtime/workers/pool.ts';
import type { InvoiceTasks } from './invoice-thread.ts';

/** Invoices that may wait to be read; beyond, wallets are told to come back. */
const MAX_WAITING = 1_000;

/** Lightning invoices, read and written in a thread of their own. */
export interface Invoices {
  /** @throws HashpoolError 'request-malformed' naming what is wrong with the text */
  decode(text: string): Promise<Invoice>;
  /** @param secretKey of the payee, 32 bytes, which protects nothing */
  encode(invoice: NewInvoice, secretKey: Uint8Array): Promise<string>;
  close(): Promise<void>;
}

export async function openInvoices(): Promise<Invoices> {
  const module = new URL('./invoice-thread.ts', import.meta.url);
  const workers = await openWorkers<InvoiceTasks>({
    module,
    data: null,
    size: 1,
    name: 'invoices',
    maxQueued: MAX_WAITING,
  });
  return {
    async decode(text) {
      try {
        return await workers.call('decode', text);
      } catch (error) {
        if (!isHashpoolError(error, 'bad-invoice')) throw error;
        throw cashuError('request-malformed', `request is ${error.message}`, error);
      }
    },
    encode: (invoice, secretKey) => workers.call('encode', { invoice, secretKey }),
    close: () => workers.close(),
  };
}
