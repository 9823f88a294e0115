import { toHex } from '../../protocols/bytes.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import type { BitcoinRpc } from '../../runtime/rpc/client.ts';

/** A block of four million weight units takes some seconds where the node has none of its transactions. */
const PROPOSAL_LIMIT_MS = 60_000;

/**
 * Asks the node whether a block would be valid on its tip, proof of work aside (BIP23, block proposal).
 * @param block whole, witnesses included
 * @returns undefined where it would be, else the node's reason, as "bad-cb-amount"
 * @throws RpcError where the node does not answer; HashpoolError 'bad-proposal-answer' where its answer makes no sense
 */
export async function proposeBlock(rpc: BitcoinRpc, block: Uint8Array): Promise<string | undefined> {
  const request = { mode: 'proposal', data: toHex(block), rules: ['segwit'] };
  const answer = await rpc.call('getblocktemplate', [request], { timeoutMs: PROPOSAL_LIMIT_MS });
  if (answer === null) return undefined;
  if (typeof answer === 'string') return answer;
  throw new HashpoolError(
    'bad-proposal-answer',
    "the node's answer to a block proposal is neither null nor a reason",
  );
}
