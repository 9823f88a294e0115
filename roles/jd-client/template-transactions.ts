import { sha256d } from '../../protocols/bitcoin/hash.ts';
import type { TemplateClient } from '../../services/template-client/client.ts';

/** Whole transactions in block order, and their ids with witness, header byte order. */
export interface TemplateTransactions {
  readonly data: readonly Uint8Array[];
  readonly wtxids: readonly Uint8Array[];
}

/** The transactions of templates; those of the last one are kept, since it may be declared more than once. */
export class TransactionsOfTemplates {
  readonly #provider: Pick<TemplateClient, 'requestTransactionData'>;
  #last: { readonly id: bigint; readonly transactions: Promise<TemplateTransactions> } | undefined;

  constructor(provider: Pick<TemplateClient, 'requestTransactionData'>) {
    this.#provider = provider;
  }

  /** @throws HashpoolError as TemplateClient.requestTransactionData */
  async of(templateId: bigint): Promise<TemplateTransactions> {
    if (this.#last?.id !== templateId) this.#last = { id: templateId, transactions: this.#ask(templateId) };
    try {
      return await this.#last.transactions;
    } catch (error) {
      if (this.#last.id === templateId) this.#last = undefined;
      throw error;
    }
  }

  async #ask(templateId: bigint): Promise<TemplateTransactions> {
    const data = await this.#provider.requestTransactionData(templateId);
    return { data, wtxids: data.map(sha256d) };
  }
}
