import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { REGTEST_ADDRESS, type TestNode } from './bitcoind.ts';
import { type Coin, coinbaseCoins, spending } from './mempool.ts';

/** Each replacement pays so many satoshis more than the one before. */
const FEE_STEP = 10_000n;

/** A node that makes blocks, and one that is given each of them some time later and knows no transaction before. */
export class LateChain {
  readonly #node: TestNode;
  readonly #late: TestNode;
  /** Milliseconds by which the next block is late. */
  readonly #lateness: () => number;
  #coin: Coin;
  #fee = 0n;
  #following: Promise<void> = Promise.resolve();
  #best = '';

  private constructor(node: TestNode, late: TestNode, coin: Coin, lateness: () => number) {
    this.#node = node;
    this.#late = late;
    this.#coin = coin;
    this.#lateness = lateness;
  }

  /** @param node whose first coinbase anyone can spend */
  static async open(node: TestNode, late: TestNode, lateness: () => number): Promise<LateChain> {
    const [coin] = await coinbaseCoins(node, 1);
    assert(coin);
    const chain = new LateChain(node, late, coin, lateness);
    const height = Number(await node.rpc.call('getblockcount'));
    for (let i = 1; i <= height; i++) await chain.#copy(await node.rpc.call('getblockhash', [i]));
    chain.#best = String(await node.rpc.call('getbestblockhash'));
    return chain;
  }

  /** The newest block's hash in display order, as the node has it that makes them. */
  get best(): string {
    return this.#best;
  }

  /** Puts a transaction that nobody has seen in place of the one before. */
  async replace(): Promise<void> {
    this.#fee += FEE_STEP;
    await this.#node.rpc.call('sendrawtransaction', [spending(this.#coin, this.#fee).toHex(), 0]);
  }

  /** Makes an empty block: the transaction stays where it is. */
  async emptyBlock(): Promise<void> {
    const made = (await this.#node.rpc.call('generateblock', [REGTEST_ADDRESS, []])) as { hash: string };
    this.#made(made.hash);
  }

  /** Makes a block with the transaction. */
  async block(): Promise<void> {
    const [hash = ''] = await this.#node.generate(1);
    const txid = spending(this.#coin, this.#fee).getId();
    this.#coin = { txid, place: 0, value: this.#coin.value - this.#fee };
    this.#fee = 0n;
    this.#made(hash);
  }

  /** Resolves when both nodes have all blocks. */
  settled(): Promise<void> {
    return this.#following;
  }

  #made(hash: string): void {
    this.#best = hash;
    const ripe = delay(this.#lateness());
    this.#following = this.#following.then(() => ripe).then(() => this.#copy(hash));
    // Whoever awaits it is told; until then it is no failure that nobody hears of.
    this.#following.catch(() => undefined);
  }

  async #copy(hash: unknown): Promise<void> {
    const block = await this.#node.rpc.call('getblock', [hash, 0]);
    assert.equal(await this.#late.rpc.call('submitblock', [block]), null);
  }
}
