import { sha256 } from '@noble/hashes/sha2.js';
import { Transaction } from 'bitcoinjs-lib';
import { COINBASE_MATURITY } from '../../domain/epochs/redemption-window.ts';
import { segwitScript } from '../../protocols/bitcoin/script.ts';
import { fromHex, reversed, toHex } from '../../protocols/bytes.ts';
import type { TestNode } from './bitcoind.ts';

/** OP_TRUE behind a witness script hash: anybody can spend it, and the spending transaction has a witness. */
const witnessScript = fromHex('51');
export const ANYONE_SCRIPT = segwitScript(0, sha256(witnessScript));

/** Above what nodes call dust. */
const PADDING_VALUE = 1_000n;

/** bitcoind's arguments for mempools that no relay policy stands in the way of. */
export const OPEN_MEMPOOL = [
  '-acceptnonstdtxn=1',
  '-minrelaytxfee=0',
  '-limitancestorcount=1000',
  '-limitdescendantcount=1000',
  '-limitancestorsize=5000',
  '-limitdescendantsize=5000',
  '-maxmempool=300',
  '-blockmaxweight=4000000',
  '-blockmaxsize=4000000',
  '-blockmintxfee=0',
];

/** An output that ANYONE_SCRIPT locks. */
export interface Coin {
  /** Display order. */
  readonly txid: string;
  readonly place: number;
  readonly value: bigint;
}

/** Mines so many coins to a new node that anybody can spend, and what makes them mature. */
export async function mineCoins(node: TestNode, count: number): Promise<Coin[]> {
  await node.rpc.call('generatetodescriptor', [count, `raw(${toHex(ANYONE_SCRIPT)})`]);
  await node.generate(COINBASE_MATURITY);
  return coinbaseCoins(node, count);
}

/** Coins of the first `count` coinbases, for a node whose first blocks were mined to ANYONE_SCRIPT. */
export async function coinbaseCoins(node: TestNode, count: number): Promise<Coin[]> {
  const coins: Coin[] = [];
  for (let height = 1; height <= count; height++) {
    const block = await node.rpc.call('getblock', [await node.rpc.call('getblockhash', [height])]);
    const txid = String((block as { tx: unknown[] }).tx[0]);
    coins.push({ txid, place: 0, value: 5_000_000_000n });
  }
  return coins;
}

/**
 * Spends a coin to itself, less a fee, and gives the transaction to the node.
 * @param padding further outputs, of 43 bytes each, that make it as large as wanted
 */
export async function spend(node: TestNode, coin: Coin, fee: bigint, padding = 0): Promise<Coin> {
  const transaction = spending(coin, fee, padding);
  await node.rpc.call('sendrawtransaction', [transaction.toHex(), 0]);
  return {
    txid: transaction.getId(),
    place: 0,
    value: coin.value - fee - PADDING_VALUE * BigInt(padding),
  };
}

/** The transaction of {@link spend}, which no node has been given. */
export function spending(coin: Coin, fee: bigint, padding = 0): Transaction {
  const transaction = new Transaction();
  transaction.version = 2;
  transaction.addInput(reversed(fromHex(coin.txid)), coin.place, 0xfffffffd);
  const value = coin.value - fee - PADDING_VALUE * BigInt(padding);
  transaction.addOutput(ANYONE_SCRIPT, value);
  for (let i = 0; i < padding; i++) transaction.addOutput(ANYONE_SCRIPT, PADDING_VALUE);
  transaction.setWitness(0, [witnessScript]);
  return transaction;
}
