import { type NetworkName, networks } from '../../../../protocols/bitcoin/network.ts';
import { HashpoolError, messageOf } from '../../../../protocols/errors.ts';
import type { Logger } from '../../../../runtime/logs.ts';
import type { BitcoinRpc } from '../../../../runtime/rpc/client.ts';
import { isRpcError } from '../../../../runtime/rpc/errors.ts';
import { asObject, numberOf } from '../../chain/answers.ts';
import { satsOf, textOf } from './answers.ts';

const ANSWER_MS = 20_000;

/** The numbers of bitcoind's refusals that are told apart here (its src/rpc/protocol.h). */
export const WalletCode = {
  unknownTransaction: -5,
  locked: -13,
  notLoaded: -18,
  alreadyLoaded: -35,
  noSuchMethod: -32601,
} as const;

export interface WalletSettings {
  readonly name: string;
  readonly network: NetworkName;
  /** Makes the wallet where the node has none of that name. */
  readonly creates: boolean;
}

export interface ChainTip {
  readonly height: number;
  readonly hashBe: string;
}

/** A wallet of bitcoind, loaded or made when it is first needed and whenever it is gone again. */
export class Wallet {
  readonly #rpc: BitcoinRpc;
  readonly #settings: WalletSettings;
  readonly #log: Logger;
  readonly #stop = new AbortController();
  readonly #knownAddress: () => Promise<string | undefined>;
  #opened: Promise<void> | undefined;
  #trouble: string | undefined;

  /**
   * @param rpc for calls of this wallet: its address ends in /wallet/NAME
   * @param knownAddress gives an address that the wallet must have, where the mint has given one out
   */
  constructor(
    rpc: BitcoinRpc,
    settings: WalletSettings,
    log: Logger,
    knownAddress: () => Promise<string | undefined> = async () => undefined,
  ) {
    this.#rpc = rpc;
    this.#settings = settings;
    this.#log = log;
    this.#knownAddress = knownAddress;
  }

  /** Why the wallet can't be used, in words; undefined while it can. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Ends with `close`. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /**
   * Asks node or wallet.
   * @throws RpcError; HashpoolError 'wrong-chain', 'wallet-missing', 'wallet-unsupported', 'wallet-not-descriptors', 'wallet-without-keys', 'wallet-strange'
   */
  async call(method: string, params: readonly unknown[] = []): Promise<unknown> {
    await this.#open();
    try {
      const result = await this.#ask(method, params);
      this.#note(undefined);
      return result;
    } catch (error) {
      const isAnswer = isRpcError(error, 'rpc-refused') && error.rpcCode !== WalletCode.notLoaded;
      throw isAnswer ? error : this.#lost(error);
    }
  }

  /** As `call`, for an answer that is an object. */
  async object(method: string, params: readonly unknown[] = []): Promise<Record<string, unknown>> {
    return asObject(await this.call(method, params));
  }

  async tip(): Promise<ChainTip> {
    const answer = await this.object('getblockchaininfo');
    return { height: numberOf(answer, 'blocks'), hashBe: textOf(answer, 'bestblockhash') };
  }

  /** @throws HashpoolError 'wallet-scanning' while the wallet does not know all of its transactions */
  async checkScanned(): Promise<void> {
    const { scanning } = await this.object('getwalletinfo');
    if (scanning === false || scanning === undefined) return;
    throw new HashpoolError(
      'wallet-scanning',
      'the wallet is looking through the chain for its transactions; deposits and payouts wait until it is done',
    );
  }

  /** How deep a transaction is: 0 in the mempool, negative where another has taken its place; undefined where the wallet never saw it. */
  async confirmations(txid: string): Promise<number | undefined> {
    try {
      return numberOf(await this.object('gettransaction', [txid]), 'confirmations');
    } catch (error) {
      if (isRpcError(error) && error.rpcCode === WalletCode.unknownTransaction) return undefined;
      throw error;
    }
  }

  /** What the wallet may spend, its own change included before it confirms. */
  async funds(): Promise<{ readonly spendable: bigint }> {
    return { spendable: satsOf(asObject((await this.object('getbalances'))['mine']), 'trusted') };
  }

  close(): void {
    this.#stop.abort();
    this.#rpc.close();
  }

  #ask(method: string, params: readonly unknown[]): Promise<unknown> {
    return this.#rpc.call(method, params, {
      signal: this.#stop.signal,
      retry: { attempts: 1 },
      timeoutMs: ANSWER_MS,
    });
  }

  #note(trouble: string | undefined): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    if (trouble) this.#log.warn({ wallet: this.#settings.name }, `payments on the chain wait: ${trouble}`);
    else this.#log.info({ wallet: this.#settings.name }, 'the wallet answers');
  }

  #open(): Promise<void> {
    this.#opened ??= this.#check().catch((error: unknown) => {
      throw this.#lost(error);
    });
    return this.#opened;
  }

  /** The next call opens the wallet anew. */
  #lost(error: unknown): unknown {
    this.#opened = undefined;
    if (!this.#stop.signal.aborted) this.#note(messageOf(error));
    return error;
  }

  async #check(): Promise<void> {
    const { network, name } = this.#settings;
    const { chain } = asObject(await this.#ask('getblockchaininfo', []));
    if (chain !== networks[network].rpcChain)
      throw new HashpoolError(
        'wrong-chain',
        `bitcoind is on chain ${chain}, [bitcoin] network is ${network}`,
      );
    const info = asObject(await this.#info());
    if (info['descriptors'] !== true)
      throw new HashpoolError(
        'wallet-not-descriptors',
        `bitcoind's wallet ${name} is of the old kind; run migratewallet, or name another in [payments.bitcoind] wallet`,
      );
    if (info['private_keys_enabled'] !== true)
      throw new HashpoolError(
        'wallet-without-keys',
        `bitcoind's wallet ${name} has no private keys and can't pay; name another in [payments.bitcoind] wallet`,
      );
    await this.#checkKeys();
  }

  /** Deposits to the addresses of a wallet that is away would never be seen: what is found meanwhile is left behind. */
  async #checkKeys(): Promise<void> {
    const address = await this.#knownAddress();
    if (address === undefined) return;
    const { ismine } = asObject(await this.#ask('getaddressinfo', [address]));
    if (ismine === true) return;
    const { name } = this.#settings;
    throw new HashpoolError(
      'wallet-strange',
      `bitcoind's wallet ${name} is not the one that this mint gave ${address} from; restore its backup, or where it is lost for good, name another in [payments.bitcoind] wallet`,
    );
  }

  async #info(): Promise<unknown> {
    try {
      return await this.#ask('getwalletinfo', []);
    } catch (error) {
      if (!isRpcError(error)) throw error;
      if (error.rpcCode === WalletCode.noSuchMethod)
        throw new HashpoolError(
          'wallet-unsupported',
          'bitcoind runs without wallets; start it without disablewallet, and with wallet support built in',
          { cause: error },
        );
      if (error.rpcCode !== WalletCode.notLoaded) throw error;
    }
    await this.#load();
    return this.#ask('getwalletinfo', []);
  }

  async #load(): Promise<void> {
    try {
      await this.#ask('loadwallet', [this.#settings.name, true]);
    } catch (error) {
      if (!isRpcError(error)) throw error;
      if (error.rpcCode === WalletCode.alreadyLoaded) return;
      if (error.rpcCode !== WalletCode.notLoaded) throw error;
      await this.#create(error);
    }
  }

  async #create(cause: unknown): Promise<void> {
    const { name, creates } = this.#settings;
    if ((await this.#knownAddress()) !== undefined)
      throw new HashpoolError(
        'wallet-missing',
        `bitcoind has lost the wallet ${name}, to whose addresses deposits come; restore its backup, or where it is lost for good, name another in [payments.bitcoind] wallet`,
        { cause },
      );
    if (!creates)
      throw new HashpoolError(
        'wallet-missing',
        `bitcoind has no wallet ${name}; make one, or set [payments.bitcoind] create_wallet = true`,
        { cause },
      );
    await this.#ask('createwallet', [name, false, false, null, false, true, true]);
    this.#log.info({ wallet: name }, 'a new wallet is made: back it up');
  }
}
