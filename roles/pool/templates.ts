import { HashpoolError } from '../../protocols/errors.ts';
import {
  type CoinbaseConstraints,
  openTemplateClient,
  type Solution,
  type TemplateClient,
  type TemplateClientOptions,
} from '../../services/template-client/client.ts';

/** The template provider, asked for templates only once a coinbase can be made: after the mint's first terms. */
export class Templates {
  readonly #options: TemplateClientOptions;
  #coinbase: CoinbaseConstraints;
  #client: TemplateClient | undefined;
  #closed = false;

  constructor(options: TemplateClientOptions) {
    this.#options = options;
    this.#coinbase = options.coinbase;
  }

  /** Connects, the first time it is called. */
  begin(): void {
    if (!this.#closed) this.#client ??= openTemplateClient({ ...this.#options, coinbase: this.#coinbase });
  }

  /** Changes the room that templates leave for the pool's outputs; a new template and prev hash follow. */
  setConstraints(coinbase: CoinbaseConstraints): void {
    this.#coinbase = coinbase;
    this.#client?.setConstraints(coinbase);
  }

  get isConnected(): boolean {
    return this.#client?.isConnected ?? false;
  }

  /** Whether the connection has brought work. */
  get isServed(): boolean {
    return this.#client?.isServed ?? false;
  }

  submitSolution(solution: Solution): void {
    this.#client?.submitSolution(solution);
  }

  /** @throws HashpoolError as {@link TemplateClient.requestTransactionData} */
  async requestTransactionData(templateId: bigint): Promise<readonly Uint8Array[]> {
    if (this.#client) return this.#client.requestTransactionData(templateId);
    throw new HashpoolError('template-provider-away', 'the template provider was not connected to yet');
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#client?.close();
  }
}
