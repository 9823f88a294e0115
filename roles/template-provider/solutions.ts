import type { FittedBlock } from '../../domain/templates/fit-block.ts';
import { encodeBlock } from '../../protocols/bitcoin/block.ts';
import { addWitness, coinbaseTxid } from '../../protocols/bitcoin/coinbase.ts';
import { headerHashLe } from '../../protocols/bitcoin/header.ts';
import { foldMerklePath } from '../../protocols/bitcoin/merkle.ts';
import { reversed, toHex } from '../../protocols/bytes.ts';
import { messageOf } from '../../protocols/errors.ts';
import type { TemplateMessage } from '../../protocols/sv2/template-distribution.ts';
import { type SolvedBlock, type SubmitOptions, submitBlock } from '../../services/node/submit-block.ts';

export type Solution = Extract<TemplateMessage, { name: 'SubmitSolution' }>;

/**
 * The block that a solution makes of its template. A stripped coinbase gets its witness back where the template
 * commits to one.
 * @throws HashpoolError 'bad-coinbase-witness' where the coinbase cannot be read
 */
export function solvedBlock(block: FittedBlock, solution: Solution): SolvedBlock {
  const coinbase =
    block.witnessCommitment === undefined ? solution.coinbase_tx : addWitness(solution.coinbase_tx);
  const header = {
    version: solution.version,
    prevHashLe: block.template.prevHashLe,
    merkleRootLe: foldMerklePath(coinbaseTxid(coinbase), block.merklePath),
    time: solution.header_timestamp,
    bits: block.template.bits,
    nonce: solution.header_nonce,
  };
  const bytes = encodeBlock(header, [coinbase, ...block.transactions.map(({ data }) => data)]);
  return { bytes, hash: toHex(reversed(headerHashLe(header))), height: block.template.height };
}

/** Gives the block that a client has found to the node, see {@link submitBlock}. */
export async function submitSolution(
  block: FittedBlock,
  solution: Solution,
  options: SubmitOptions,
): Promise<void> {
  const { height } = block.template;
  try {
    await submitBlock(solvedBlock(block, solution), options);
  } catch (error) {
    options.log.error({ height, err: error }, `a block at height ${height} was lost: ${messageOf(error)}`);
  }
}
