import { sha256d } from '../../protocols/bitcoin/hash.ts';
import type { TemplateClient } from '../../services/template-client/client.ts';

/** Whole transactions in block order, and their ids with witness, header byte order. */
export interface TemplateTransactions {
  readonly data: readonly Uint8Array[];
  readonly wtxids: readonly Uint8Array[];
}

/** Templates whose transactions are kept: one may be declared more than once, and be mined on while the next is. */
const MAX_KEPT = 4;

/** The transactions of templates, those of the last ones without asking again. */
export class TransactionsOfTemplates {
  readonly #provider: Pick<TemplateClient, 'requestTransactionData'>;
  readonly #kept = new Map<bigint, Promise<TemplateTransactions>>();

  constructor(provider: Pick<TemplateClient, 'requestTransactionData'>) {
    this.#provider = provider;
  }

  /** @throws HashpoolError as TemplateClient.requestTransactionData */
  async of(templateId: bigint): Promise<TemplateTransactions> {
    const transactions = this.#kept.get(templateId) ?? this.#ask(templateId);
    this.#kept.set(templateId, transactions);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    try {
      return await transactions;
    } catch (error) {
      if (this.#kept.get(templateId) === transactions) this.#kept.delete(templateId);
      throw error;
    }
  }

  async #ask(templateId: bigint): Promise<TemplateTransactions> {
    const data = await this.#provider.requestTransactionData(templateId);
    return { data, wtxids: data.map(sha256d) };
  }
}
