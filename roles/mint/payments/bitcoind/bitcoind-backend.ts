import type { NetworkName } from '../../../../protocols/bitcoin/network.ts';
import { toHex } from '../../../../protocols/bytes.ts';
import { cashuError, cashuErrorRow } from '../../../../protocols/cashu/errors.ts';
import { isHashpoolError } from '../../../../protocols/errors.ts';
import { faultPoint } from '../../../../runtime/fault-point.ts';
import type { Logger } from '../../../../runtime/logs.ts';
import type { BitcoinRpc } from '../../../../runtime/rpc/client.ts';
import { openStore, type Store } from '../../../../runtime/sql/store.ts';
import type {
  FeeOption,
  FundsProof,
  Payable,
  Payment,
  PaymentBackend,
  PaymentRequest,
  PaymentState,
  Received,
  WantedRequest,
} from '../backend.ts';
import { depositsAfter } from './deposits.ts';
import { type FeeSettings, feeOptions, payoutScript, rateOf } from './fees.ts';
import { Forgotten } from './forgotten.ts';
import type { PayoutOperations } from './payout-store.ts';
import { type PayoutSettings, Payouts } from './payouts.ts';
import { proveFunds } from './prove-funds.ts';
import { type SendingSettings, Sendings } from './sendings.ts';
import { UndoneDeposits } from './undone.ts';
import { Wallet, type WalletSettings } from './wallet.ts';

export interface BitcoindSettings extends WalletSettings, FeeSettings, PayoutSettings, SendingSettings {}

export interface BitcoindParts {
  /** Its address ends in /wallet/NAME. */
  readonly rpc: BitcoinRpc;
  readonly settings: BitcoindSettings;
  /** Where the payouts are kept: a file of their own, or the mint's PostgreSQL database. */
  readonly place: string;
  readonly log: Logger;
}

/**
 * The chain, by a descriptor wallet of bitcoind (NUT-30). An address for each quote, watched for ever: a deposit that
 * comes late is the depositor's all the same. A payout's key is stored before a transaction is built, and the
 * transaction before it is sent; see payout-schema.ts.
 */
export class BitcoindBackend implements PaymentBackend {
  readonly method = 'onchain';
  readonly mintOptions: Readonly<Record<string, unknown>>;
  readonly meltOptions = {};
  readonly network: NetworkName;
  readonly #wallet: Wallet;
  readonly #store: Store<PayoutOperations>;
  readonly #payouts: Payouts;
  readonly #undone: UndoneDeposits;
  readonly #settings: BitcoindSettings;
  #changeAddress: string | undefined;
  #isRemembered = false;
  #onReceived: () => void = () => undefined;
  #onProgress: (key: string) => void = () => undefined;

  private constructor({ rpc, settings, log }: BitcoindParts, store: Store<PayoutOperations>) {
    this.network = settings.network;
    this.mintOptions = { confirmations: settings.confirmations };
    this.#settings = settings;
    this.#store = store;
    this.#wallet = new Wallet(rpc, settings, log, () => store.call('walletAddress', settings.name));
    this.#undone = new UndoneDeposits(this.#wallet, store, settings.confirmations, log);
    const parts = {
      wallet: this.#wallet,
      store,
      settings,
      log,
      onTip: () => this.#onReceived(),
      onProgress: (key: string) => this.#onProgress(key),
    };
    const forgotten = new Forgotten(this.#wallet, store, log);
    this.#payouts = new Payouts({ ...parts, sendings: new Sendings(parts), forgotten });
  }

  /** Talks to the node when it is first needed: one that is not there yet is no reason not to start. */
  static async open(parts: BitcoindParts): Promise<BitcoindBackend> {
    const module = new URL('./payout-store.ts', import.meta.url);
    const store = await openStore<PayoutOperations>({ module, path: parts.place, name: 'onchain payouts' });
    const backend = new BitcoindBackend(parts, store);
    void backend.#payouts.run();
    return backend;
  }

  get trouble(): string | undefined {
    return this.#wallet.trouble ?? this.#payouts.trouble ?? this.#undone.trouble;
  }

  async createRequest({ quote }: WantedRequest): Promise<PaymentRequest> {
    return this.#answered(async () => {
      const address = String(await this.#wallet.call('getnewaddress', [quote, 'bech32']));
      await this.#rememberWallet(address);
      return { request: address, lookup: address, expiry: undefined };
    });
  }

  async received(after: string | undefined, limit: number): Promise<Received> {
    const { confirmations } = this.#settings;
    const { undone, ...received } = await depositsAfter(this.#wallet, after, limit, confirmations);
    await this.#undone.note(undone);
    return received;
  }

  onReceived(listener: () => void): void {
    this.#onReceived = listener;
  }

  async quotePayment(payment: Payable): Promise<readonly FeeOption[]> {
    payoutScript(payment, this.network);
    return this.#answered(async () => {
      this.#changeAddress ??= String(await this.#wallet.call('getrawchangeaddress', ['bech32']));
      return feeOptions(this.#wallet, payment, this.#changeAddress, this.#settings);
    });
  }

  proveFunds(message: string): Promise<FundsProof | undefined> {
    return proveFunds(this.#wallet, message);
  }

  onProgress(listener: (key: string) => void): void {
    this.#onProgress = listener;
  }

  /** Takes the payout down; it is sent with its batch. */
  async pay(payment: Payment): Promise<PaymentState> {
    const { key, request, amount, fee } = payment;
    await this.#store.call('addPayout', {
      key,
      address: request,
      script: payoutScript(payment, this.network),
      amount,
      reserve: fee.reserve,
      rate: rateOf(fee),
      blocks: fee.blocks ?? 1,
      addedAt: Date.now(),
    });
    faultPoint('payout-promised');
    this.#payouts.gather();
    return this.lookUp(payment);
  }

  lookUp({ key }: Payment): Promise<PaymentState> {
    return this.#store.call('payoutState', key);
  }

  /** @param script one that has an address; of any other bitcoind's wallets make none */
  async owns(script: Uint8Array): Promise<boolean> {
    const { address } = await this.#wallet.object('decodescript', [toHex(script)]);
    if (typeof address !== 'string') return false;
    return (await this.#wallet.object('getaddressinfo', [address]))['ismine'] === true;
  }

  async balance(): Promise<bigint | undefined> {
    try {
      // Rewards that are not mature can't be paid out, and their epochs are owed them.
      return (await this.#wallet.funds()).spendable;
    } catch (error) {
      // The wallet has said why, in log and status.
      if (isHashpoolError(error)) return undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#wallet.close();
    await this.#payouts.close();
    await this.#store.close();
  }

  async #rememberWallet(address: string): Promise<void> {
    if (this.#isRemembered) return;
    await this.#store.call('rememberWallet', { name: this.#settings.name, address });
    this.#isRemembered = true;
  }

  /** What is wrong with the node is the operator's to know; wallets are told to come back. */
  async #answered<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (cashuErrorRow(error)) throw error;
      throw cashuError('mint-not-ready', 'its Bitcoin wallet does not answer; try again later', error);
    }
  }
}
