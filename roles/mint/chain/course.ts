import { equalBytes } from '../../../protocols/bytes.ts';
import { HashpoolError } from '../../../protocols/errors.ts';
import type { ChainPoint } from '../store/chain.ts';
import { asObject, numberOf } from './answers.ts';
import type { ChainView, Tip } from './chain-view.ts';
import { type Node, pointAt } from './read-block.ts';

/** The chain as it was followed. */
export interface Track {
  readonly first: ChainPoint;
  readonly last: ChainPoint;
  at(height: number): Promise<ChainPoint | undefined>;
}

/**
 * The height up to which the node's chain is the one that was followed; one below the track's first where none of it is.
 *
 * The node is believed whatever it leaves, but for two: a node that merely has not come as far yet has left nothing
 * (one whose operator took blocks back, by `invalidateblock`, has); and nothing in common is another chain, except on regtest.
 * @throws HashpoolError 'node-behind', 'wrong-chain'
 */
export async function commonHeight(
  node: Node & Pick<ChainView, 'network'>,
  tip: Tip,
  track: Track,
): Promise<number> {
  const { first, last } = track;
  const common = await lastCommon(node, tip, track);
  const isPrefix = common === tip.height || tip.height < first.height;
  if (isPrefix && tip.height < last.height && !(await hasTakenBack(node, tip))) {
    throw new HashpoolError(
      'node-behind',
      `the node is at block ${tip.height}, its chain was followed to ${last.height} before: waiting until it is there again`,
    );
  }
  if (common < first.height && !isPrefix && node.network !== 'regtest') {
    throw new HashpoolError(
      'wrong-chain',
      `none of the blocks ${first.height} to ${last.height} that were followed is in the node's chain: [bitcoin] rpc_url leads to a node of another chain`,
    );
  }
  return common;
}

/** By halves: what two chains have in common is their beginning. */
async function lastCommon(node: Node, tip: Tip, { first, last, at }: Track): Promise<number> {
  const isCommon = async (height: number): Promise<boolean> => {
    const [ours, theirs] = await Promise.all([at(height), pointAt(node, height)]);
    return ours !== undefined && equalBytes(ours.hashLe, theirs.hashLe);
  };
  const highest = Math.min(last.height, tip.height);
  if (highest < first.height) return first.height - 1;
  if (await isCommon(highest)) return highest;
  let [common, other] = [first.height - 1, highest];
  while (other - common > 1) {
    const middle = Math.floor((common + other) / 2);
    if (await isCommon(middle)) common = middle;
    else other = middle;
  }
  return common;
}

/** Whether the node holds what lies above its tip for invalid. */
async function hasTakenBack(node: Node, tip: Tip): Promise<boolean> {
  const tips = await node.ask('getchaintips', []);
  if (!Array.isArray(tips))
    throw new HashpoolError('bad-node-answer', 'bitcoind answered getchaintips with no list');
  return tips
    .map(asObject)
    .some((each) => each['status'] === 'invalid' && numberOf(each, 'height') > tip.height);
}
