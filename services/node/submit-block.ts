import { setTimeout as delay } from 'node:timers/promises';
import { toHex } from '../../protocols/bytes.ts';
import { messageOf } from '../../protocols/errors.ts';
import type { Logger } from '../../runtime/logs.ts';
import type { BitcoinRpc } from '../../runtime/rpc/client.ts';
import { isRpcError } from '../../runtime/rpc/errors.ts';

/** How long a block is offered to a node that does not answer: later it is surely orphaned. */
const SUBMIT_LIMIT_MS = 10 * 60_000;
const SUBMIT_RETRY_MS = 500;

/** submitblock's answers (BIP22, bitcoind's validation) in words; the node gives others as they are. */
const ANSWERS: Readonly<Record<string, string>> = {
  duplicate: 'the node had it already',
  'duplicate-invalid': 'the node had it already and found it invalid',
  'duplicate-inconclusive': 'the node had it already, off its best chain',
  inconclusive: 'valid so far, and not on the best chain: another block was first',
  'high-hash': "its hash does not meet the chain's target",
  'bad-txnmrklroot': 'its merkle root does not fit its transactions',
  'bad-witness-merkle-match': 'its coinbase does not commit to its witnesses',
  'bad-cb-amount': 'its coinbase pays more than subsidy and fees',
  'bad-cb-height': 'its coinbase does not begin with its height',
  'bad-cb-length': 'its coinbase script is too short or too long',
  'time-too-old': 'its time is too early',
  'time-too-new': 'its time is too far in the future',
  'prev-blk-not-found': 'the node does not know the block it builds on',
};

/** A whole block. */
export interface SolvedBlock {
  readonly bytes: Uint8Array;
  /** Display order, as explorers and RPC have it. */
  readonly hash: string;
  readonly height: number;
}

export interface SubmitOptions {
  readonly rpc: BitcoinRpc;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Ends the waiting for a node that does not answer, not a call under way. */
  readonly signal: AbortSignal;
}

/**
 * Gives a solved block to the node, again and again where it does not answer, and logs in words what it says.
 * Offering the same block twice does no harm: the node calls it a duplicate.
 */
export async function submitBlock(
  { bytes, hash, height }: SolvedBlock,
  options: SubmitOptions,
): Promise<void> {
  const { log } = options;
  try {
    const answer = await submit(toHex(bytes), `block ${hash}`, options);
    if (answer === null) log.info({ height, hash }, `block ${hash} at height ${height} accepted by the node`);
    else log.warn({ height, hash, answer }, `block ${hash} at height ${height}: ${inWords(answer)}`);
  } catch (error) {
    log.error(
      { height, hash, err: error },
      `block ${hash} at height ${height} was lost: ${messageOf(error)}`,
    );
  }
}

function inWords(answer: unknown): string {
  const text = String(answer);
  const words = ANSWERS[text];
  return words === undefined ? `refused by the node: ${text}` : `${words} (${text})`;
}

async function submit(hex: string, what: string, { rpc, log, signal }: SubmitOptions): Promise<unknown> {
  const deadline = performance.now() + SUBMIT_LIMIT_MS;
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await rpc.call('submitblock', [hex], { retry: { attempts: 1 } });
    } catch (error) {
      // Whatever is no word of the node on the block may pass: a full work queue, say, is answered without JSON.
      const isJudged = !isRpcError(error) || error.code === 'rpc-refused';
      if (isJudged || signal.aborted || performance.now() > deadline) throw error;
      if (isFirst) log.warn(`${what} waits for the node: ${messageOf(error)}`);
      await delay(SUBMIT_RETRY_MS);
    }
  }
}
