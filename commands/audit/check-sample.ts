import { type Finding, fails, holds, unproven } from '../../domain/reports/finding.ts';
import { type BlockStart, blockStart } from '../../protocols/bitcoin/block.ts';
import { sha256d } from '../../protocols/bitcoin/hash.ts';
import { decodeHeader } from '../../protocols/bitcoin/header.ts';
import { foldMerklePath } from '../../protocols/bitcoin/merkle.ts';
import { concatBytes, equalBytes, fromHex, reversed, toHex } from '../../protocols/bytes.ts';
import { type Report, type ReportedEpoch, rootOf } from '../../protocols/ehash/report.ts';
import { SAMPLE_DEPTH, SAMPLE_SHARES, samplePoints, verifySample } from '../../protocols/ehash/share-leaf.ts';
import { isHashpoolError } from '../../protocols/errors.ts';
import type { MintSource, NodeSource, ShownShare } from './sources.ts';
import { isSpreadEvenly } from './uniformity.ts';

/** Whether the shares that later blocks have drawn of each epoch are work for its pool. */
export async function checkSamples(
  reports: readonly Report[],
  mint: Pick<MintSource, 'sample'>,
  node: NodeSource,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  let shares = 0;
  let forNobody = 0;
  for (const report of reports) {
    for (const epoch of report.epochs) {
      const found = await checkEpoch(report, epoch, mint, node);
      if (typeof found !== 'number') findings.push(found);
      else if (epoch.reward_script === null) forNobody += found;
      else shares += found;
    }
  }
  if (findings.length > 0 || shares + forNobody === 0) return findings;
  const parts = [
    ...(shares > 0 ? [`${shares} shares that later blocks have drawn are work for their pool's script`] : []),
    ...(forNobody > 0 ? [`${forNobody} that were drawn are work, and no script says for whom`] : []),
  ];
  return [holds('shares-are-work', parts.join('; '))];
}

/** @returns how many shares were looked at, where they hold */
async function checkEpoch(
  report: Report,
  epoch: ReportedEpoch,
  mint: Pick<MintSource, 'sample'>,
  node: NodeSource,
): Promise<Finding | number> {
  const { unit, policy, minimum_difficulty: minimumDifficulty } = epoch;
  const root = rootOf(epoch.shares);
  if (!root || root.sum === 0n) return 0;
  const sample = await mint.sample(unit);
  if (!sample)
    return unproven(
      'no-sample',
      `no shares of ${unit} are shown yet: it takes ${SAMPLE_DEPTH} blocks and the pool`,
    );
  const block = await node.block(sample.block.hash);
  if (!block || block.height !== report.chain.height + SAMPLE_DEPTH) {
    return fails(
      'wrong-sample-block',
      `the shares of ${unit} were drawn by another block than the one after its report`,
    );
  }
  const shown = sample.shares.flatMap((share) => share ?? []);
  if (shown.length < sample.shares.length) {
    const missing = sample.shares.length - shown.length;
    return unproven(
      'sample-incomplete',
      `${missing} of the ${sample.shares.length} points of ${unit} are not shown`,
    );
  }
  const points = samplePoints(root, reversed(fromHex(sample.block.hash)), SAMPLE_SHARES);
  try {
    verifySample(root, points, shown, { policy, minimumDifficulty });
  } catch (error) {
    if (!isHashpoolError(error)) throw error;
    return fails(error.code, `a share that is shown of ${unit}: ${error.message}`);
  }
  const distinct = [...new Map(shown.map((share) => [toHex(share.header), share])).values()];
  const stranger = distinct.find((share) => !isForScript(share, epoch.reward_script));
  if (stranger)
    return fails('work-for-others', `share ${nameOf(stranger)} of ${unit} is no work for the pool's script`);
  if (
    policy === 'target' &&
    !isSpreadEvenly(distinct.map(({ header, k }) => ({ hashLe: sha256d(header), k })))
  ) {
    return fails(
      'hashes-uneven',
      `the hashes of ${unit} are not spread as those of honest work are: some were left out`,
    );
  }
  const strange = await countElsewhere(distinct, epoch, node);
  if (strange === 0) return distinct.length;
  const words = `${strange} of ${distinct.length} shares of ${unit} build on blocks of other times: they may be late, or on a branch`;
  return unproven('work-of-other-times', words);
}

/** How many shares do not build on the blocks of an epoch; none where no block says which these are. */
async function countElsewhere(
  shares: readonly ShownShare[],
  { opened, closed, reward_script }: ReportedEpoch,
  node: NodeSource,
): Promise<number> {
  if (reward_script === null) return 0;
  const parents = Map.groupBy(shares, ({ header }) => toHex(reversed(decodeHeader(header).prevHashLe)));
  let elsewhere = 0;
  for (const [hash, on] of parents) {
    const height = await node.height(hash);
    if (height === undefined || height < opened.height || height >= closed.height) elsewhere += on.length;
  }
  return elsewhere;
}

function isForScript({ header, coinbase, merklePath }: ShownShare, script: string | null): boolean {
  const start = readStart(concatBytes(header, Uint8Array.of(1), coinbase));
  if (!start) return false;
  const root = foldMerklePath(start.coinbaseTxidLe, merklePath);
  if (!equalBytes(root, decodeHeader(header).merkleRootLe)) return false;
  if (script === null) return true;
  return start.coinbaseOutputs.some((output) => output.value > 0n && toHex(output.script) === script);
}

/** Undefined where what is shown as a coinbase is none. */
function readStart(block: Uint8Array): BlockStart | undefined {
  try {
    return blockStart(block);
  } catch (error) {
    if (isHashpoolError(error)) return undefined;
    throw error;
  }
}

function nameOf({ header }: ShownShare): string {
  return toHex(reversed(sha256d(header)));
}
