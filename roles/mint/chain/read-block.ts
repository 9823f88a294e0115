import { blockStart } from '../../../protocols/bitcoin/block.ts';
import { sha256d } from '../../../protocols/bitcoin/hash.ts';
import { decodeHeader } from '../../../protocols/bitcoin/header.ts';
import type { TransactionOutput } from '../../../protocols/bitcoin/output.ts';
import { equalBytes, fromHex, reversed, toHex } from '../../../protocols/bytes.ts';
import { HashpoolError } from '../../../protocols/errors.ts';
import { isRpcError } from '../../../runtime/rpc/errors.ts';
import type { ChainPoint, LinkedBlock, Payment } from '../store/chain.ts';
import type { ChainView } from './chain-view.ts';

/** Who is asked for blocks. */
export type Node = Pick<ChainView, 'ask'>;

/** A pool, and the script that its blocks pay; undefined where they pay somebody else's. */
export interface WatchedPool {
  /** 33 bytes. */
  readonly poolId: Uint8Array;
  readonly script: Uint8Array | undefined;
}

/** The block of the node's active chain at a height. @throws RpcError where the chain is not as high */
export async function pointAt(node: Node, height: number): Promise<ChainPoint> {
  const hashBe = String(await node.ask('getblockhash', [height]));
  return { height, hashLe: reversed(fromHex(hashBe, 'the hash that getblockhash gave', 32)) };
}

/**
 * A block with what it pays the pools. One that the node has pruned comes without that.
 * @throws RpcError, HashpoolError 'bad-node-answer' where the node gives another block
 */
export async function readBlock(
  node: Node,
  { height, hashLe }: ChainPoint,
  pools: readonly WatchedPool[],
): Promise<LinkedBlock> {
  const hashBe = toHex(reversed(hashLe));
  const bytes = await blockBytes(node, hashBe);
  const isRead = bytes !== undefined;
  const start = isRead ? blockStart(bytes) : undefined;
  const header = start?.header ?? (await askHex(node, 'getblockheader', hashBe, false));
  if (!equalBytes(sha256d(header), hashLe)) {
    throw new HashpoolError(
      'bad-node-answer',
      `bitcoind gave another block for ${hashBe}: is it bitcoind that listens there?`,
    );
  }
  const { coinbaseOutputs: outputs = [], coinbaseTxidLe: txidLe } = start ?? {};
  const payments = pools.flatMap((pool) => paymentTo(pool, outputs) ?? []);
  const coinbase = txidLe && payments.length > 0 ? { txidLe, outputs } : undefined;
  return { height, hashLe, prevHashLe: decodeHeader(header).prevHashLe, isRead, payments, coinbase };
}

/** The block in full; undefined where the node has pruned it. */
async function blockBytes(node: Node, hashBe: string): Promise<Uint8Array | undefined> {
  try {
    return await askHex(node, 'getblock', hashBe, 0);
  } catch (error) {
    // RPC_MISC_ERROR, which has other meanings too (bitcoind's src/rpc/blockchain.cpp, CheckBlockDataAvailability).
    if (isRpcError(error, 'rpc-refused') && error.rpcCode === -1 && /pruned data/.test(error.message))
      return undefined;
    throw error;
  }
}

async function askHex(node: Node, method: string, hashBe: string, verbosity: 0 | false): Promise<Uint8Array> {
  const answer = await node.ask(method, [hashBe, verbosity]);
  if (typeof answer === 'string' && /^([0-9a-f]{2})+$/.test(answer)) return Buffer.from(answer, 'hex');
  throw new HashpoolError(
    'bad-node-answer',
    `bitcoind answered ${method} with no hex: its version is too old`,
  );
}

/** What a coinbase pays a pool, in one or several outputs; undefined where none has its script. */
function paymentTo(
  { poolId, script }: WatchedPool,
  outputs: readonly TransactionOutput[],
): Payment | undefined {
  const own = outputs.filter((output) => script !== undefined && equalBytes(output.script, script));
  if (own.length === 0) return undefined;
  const sumOf = (some: readonly TransactionOutput[]) => some.reduce((sum, { value }) => sum + value, 0n);
  return { poolId, value: sumOf(own), coinbaseValue: sumOf(outputs) };
}
