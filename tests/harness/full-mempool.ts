import { setTimeout as delay } from 'node:timers/promises';
import type { TestNode } from './bitcoind.ts';
import { type NodeOffer, offerOf } from './declared-job.ts';
import { type Coin, coinbaseCoins, spend } from './mempool.ts';

/** Coinbases that anyone can spend, which the chain must have from its first block on. */
export const COINS = 20;
/** Of each further output of a spent coin. */
const PADDING = 1_000n;
/** Requests that bitcoind takes at once without asking for patience. */
const AT_ONCE = 8;
const POLL_MS = 200;

/** Fills a mempool with transactions that do not depend on each other; gives a template that has them all. */
export async function fillMempool(node: TestNode, transactions: number): Promise<NodeOffer> {
  const each = transactions / COINS;
  const parents: Coin[] = [];
  for (const coin of await coinbaseCoins(node, COINS)) parents.push(await spend(node, coin, 10_000n, each));
  await node.generate(1);
  for (const { txid } of parents) {
    const children = Array.from({ length: each }, (_, i) => ({ txid, place: i + 1, value: PADDING }));
    for (let i = 0; i < children.length; i += AT_ONCE)
      await Promise.all(children.slice(i, i + AT_ONCE).map((coin) => spend(node, coin, 100n)));
  }
  for (;;) {
    const offer = await offerOf(node);
    if (offer.transactions.length >= transactions) return offer;
    await delay(POLL_MS);
  }
}
