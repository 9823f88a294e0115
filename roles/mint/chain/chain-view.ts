import { type NetworkName, networks } from '../../../protocols/bitcoin/network.ts';
import { HashpoolError, messageOf } from '../../../protocols/errors.ts';
import type { Logger } from '../../../runtime/logs.ts';
import { Rounds } from '../../../runtime/rounds.ts';
import type { BitcoinRpc } from '../../../runtime/rpc/client.ts';
import { isRpcError } from '../../../runtime/rpc/errors.ts';
import { asObject, numberOf } from './answers.ts';
import { type ParentBlock, type PeriodStart, periodStart } from './next-bits.ts';

const POLL_MS = 1_000;
/** Parents remembered; a pool works on one or two at a time. */
const MAX_PARENTS = 4_096;
/** The node's number for a hash that it does not know (bitcoind's src/rpc/protocol.h). */
const RPC_INVALID_ADDRESS_OR_KEY = -5;

/** A block that work may build on. */
export interface KnownParent extends ParentBlock {
  /** Median time of it and its ten predecessors: a child must be later. */
  readonly medianTime: number;
  readonly start: PeriodStart | undefined;
}

/** What links a block to the one before it. */
export interface Link {
  /** 64 hex digits, display order. */
  readonly prevHashBe: string;
  /** Whether it is in the node's active chain. */
  readonly isActive: boolean;
}

export interface Tip {
  readonly height: number;
  readonly hashBe: string;
  readonly isSyncing: boolean;
}

/** What the mint knows of the chain, from its node, and from memory where it asked before. */
export class ChainView {
  readonly network: NetworkName;
  readonly #rpc: BitcoinRpc;
  readonly #log: Logger;
  readonly #parents = new Map<string, KnownParent>();
  /** Questions under way: a batch of work asks the same one many times. */
  readonly #asking = new Map<string, Promise<KnownParent | undefined>>();
  readonly #listeners: ((tip: Tip) => Promise<void>)[] = [];
  readonly #stop = new AbortController();
  #polls: Rounds | undefined;
  #tip: Tip | undefined;
  /** The last tip that all listeners have taken in; forgotten with the node. */
  #told: Tip | undefined;
  #trouble = 'not asked yet';

  constructor(rpc: BitcoinRpc, network: NetworkName, log: Logger) {
    this.#rpc = rpc;
    this.network = network;
    this.#log = log;
  }

  /** The node's tip, or undefined while it cannot be asked. */
  get tip(): Tip | undefined {
    return this.#tip;
  }

  /** Why there is no tip, in words; empty while there is one. */
  get trouble(): string {
    return this.#trouble;
  }

  /** Calls back on every new tip, and when the node is back; the next question waits for the callback. */
  onTip(listener: (tip: Tip) => Promise<void>): void {
    this.#listeners.push(listener);
  }

  /** Asks the node once, then every second until `close`. */
  async start(): Promise<void> {
    this.#polls ??= new Rounds(() => this.#poll(), {
      everyMs: POLL_MS,
      onTrouble: (err, trouble) => this.#log.error({ err }, `a new tip was not taken in: ${trouble}`),
    });
    await this.#polls.run();
  }

  /** Asks the node at once: something may be new. */
  look(): void {
    void this.#polls?.run();
  }

  /** Asks no more; a question under way is ended. */
  close(): void {
    this.#stop.abort();
    void this.#polls?.close();
    this.#rpc.close();
  }

  /**
   * The block of that hash, as a parent of work: undefined where the node does not know it, or can't be asked.
   * @param hashBe 64 hex digits, display order
   */
  async parent(hashBe: string): Promise<KnownParent | undefined> {
    const known = this.#parents.get(hashBe);
    if (known) return known;
    if (!this.#tip) return undefined;
    const asking =
      this.#asking.get(hashBe) ?? this.#askParent(hashBe).finally(() => this.#asking.delete(hashBe));
    this.#asking.set(hashBe, asking);
    const parent = await asking;
    if (!parent || this.#parents.has(hashBe)) return parent;
    const [oldest] = this.#parents.keys();
    if (this.#parents.size >= MAX_PARENTS && oldest !== undefined) this.#parents.delete(oldest);
    this.#parents.set(hashBe, parent);
    return parent;
  }

  /**
   * How a block hangs together with the chain; undefined where the node does not know it, or can't be asked.
   * @param hashBe 64 hex digits, display order
   */
  async link(hashBe: string): Promise<Link | undefined> {
    try {
      const answer = asObject(await this.ask('getblockheader', [hashBe, true]));
      const isActive = numberOf(answer, 'confirmations') >= 0;
      return { prevHashBe: String(answer['previousblockhash'] ?? ''), isActive };
    } catch (error) {
      if (isRpcError(error)) return undefined;
      throw error;
    }
  }

  /**
   * Asks the node something else, once. Whoever closes the view ends the question.
   * @throws RpcError
   */
  ask(method: string, params: readonly unknown[]): Promise<unknown> {
    return this.#rpc.call(method, params, {
      signal: this.#stop.signal,
      retry: { attempts: 1 },
      timeoutMs: 10_000,
    });
  }

  async #askParent(hashBe: string): Promise<KnownParent | undefined> {
    try {
      const header = await this.#header(hashBe);
      const startHeight = periodStart(this.network, header.height);
      const start = startHeight === undefined ? undefined : await this.#headerAt(startHeight);
      return { ...header, start };
    } catch (error) {
      if (isRpcError(error) && error.rpcCode === RPC_INVALID_ADDRESS_OR_KEY) return undefined;
      this.#log.warn(
        { err: error, prevHash: hashBe },
        `the node could not be asked for a block: ${messageOf(error)}`,
      );
      // Else a node that was away between two polls would be back unnoticed, and what waits would go on waiting.
      this.#loseNode(messageOf(error));
      return undefined;
    }
  }

  /** Taken from the best chain: a fork as deep as a whole period is not work's to be told apart. */
  async #headerAt(height: number): Promise<PeriodStart> {
    return this.#header(String(await this.ask('getblockhash', [height])));
  }

  async #header(hashBe: string): Promise<Omit<KnownParent, 'start'>> {
    const answer = asObject(await this.ask('getblockheader', [hashBe, true]));
    return {
      height: numberOf(answer, 'height'),
      time: numberOf(answer, 'time'),
      medianTime: numberOf(answer, 'mediantime'),
      bits: Number.parseInt(String(answer['bits']), 16),
    };
  }

  async #poll(): Promise<void> {
    let tip: Tip;
    try {
      tip = await this.#askTip();
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      const trouble = messageOf(error);
      if (trouble !== this.#trouble) this.#log.warn({ err: error }, `waiting for the node: ${trouble}`);
      this.#loseNode(trouble);
      return;
    }
    await this.#tell(tip);
  }

  #loseNode(trouble: string): void {
    this.#trouble = trouble;
    this.#tip = undefined;
    this.#told = undefined;
  }

  async #askTip(): Promise<Tip> {
    const answer = asObject(await this.ask('getblockchaininfo', []));
    const { rpcChain } = networks[this.network];
    if (answer['chain'] !== rpcChain) {
      throw new HashpoolError(
        'wrong-chain',
        `bitcoind is on chain ${answer['chain']}, [bitcoin] network is ${this.network}`,
      );
    }
    return {
      height: numberOf(answer, 'blocks'),
      hashBe: String(answer['bestblockhash']),
      isSyncing: answer['initialblockdownload'] === true && this.network !== 'regtest',
    };
  }

  async #tell(tip: Tip): Promise<void> {
    if (!this.#tip) this.#log.info({ height: tip.height }, 'the node answers');
    this.#tip = tip;
    this.#trouble = '';
    const told = this.#told;
    if (told?.hashBe === tip.hashBe && told.isSyncing === tip.isSyncing) return;
    for (const listener of this.#listeners) await listener(tip);
    this.#told = tip;
  }
}
