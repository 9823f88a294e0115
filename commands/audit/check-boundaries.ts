import { COINBASE_MATURITY } from '../../domain/epochs/redemption-window.ts';
import { type Finding, fails, holds, unproven } from '../../domain/reports/finding.ts';
import type { TransactionOutput } from '../../protocols/bitcoin/output.ts';
import { equalBytes, fromHex, toHex } from '../../protocols/bytes.ts';
import { keysetMark } from '../../protocols/ehash/keyset-mark.ts';
import type { Report, ReportedEpoch } from '../../protocols/ehash/report.ts';
import type { ChainBlock, NodeSource } from './sources.ts';

/** The account that blocks pay from, in the sources of an epoch's reward. */
const COINBASE = 'coinbase';
const GIFTS = 'gifts';
const LIGHTNING = 'lightning';

/** Holds what reports say of blocks against the chain of the auditor's own node. */
export async function checkBoundaries(reports: readonly Report[], node: NodeSource): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const { number, chain } of reports) {
    // A tip may be left behind by the chain the minute after.
    if ((await node.height(chain.hash)) === chain.height || (await node.knows(chain.hash))) continue;
    const words = `report ${number} was made at a block that your node has never heard of, ${chain.hash}: it may have been on a branch`;
    found.push(unproven('report-off-chain', words));
  }
  const epochs = reports.flatMap(({ epochs }) => epochs);
  const rewards = Map.groupBy(epochs, ({ closed, pool_id }) => `${closed.hash} ${pool_id}`);
  for (const sharing of rewards.values()) found.push(...(await checkReward(sharing, node)));
  for (const epoch of epochs) found.push(...(await checkOpening(epoch, node)));
  if (found.some(({ verdict }) => verdict === 'fails')) return found;
  const onChain = epochs.filter((epoch) => !isOverLightning([epoch])).length;
  const words = `the blocks that opened and closed ${onChain} epochs are in the chain, and pay what their prices say`;
  return onChain === 0 ? found : [...found, holds('boundaries-in-chain', words)];
}

async function checkOpening(epoch: ReportedEpoch, node: NodeSource): Promise<Finding[]> {
  const { unit, opened } = epoch;
  if (opened.hash === null || isOverLightning([epoch])) return [];
  const block = await node.block(opened.hash);
  if (block?.height === opened.height) return [];
  return [
    fails('boundary-off-chain', `the block that opened ${unit} is not in the chain at ${opened.height}`),
  ];
}

/** The epochs that one block has closed. */
async function checkReward(epochs: readonly ReportedEpoch[], node: NodeSource): Promise<Finding[]> {
  const [first] = epochs;
  if (!first) return [];
  const { closed, unit, priced_height, reward_script } = first;
  if (isOverLightning(epochs)) {
    const sats = sumOf(epochs, LIGHTNING);
    const words = `the reward of ${unit}, ${sats} sats by its report, came over Lightning: no chain shows that it was all, nor which work it was paid for`;
    return [unproven('reward-not-on-chain', words)];
  }
  if (reward_script === null) {
    return [unproven('reward-not-on-chain', `the report of ${unit} names no script that its block has paid`)];
  }
  const block = await node.block(closed.hash);
  if (block?.height !== closed.height) {
    return [
      fails('boundary-off-chain', `the block that closed ${unit} is not in the chain at ${closed.height}`),
    ];
  }
  const claimed = sumOf(epochs, COINBASE);
  const found = await checkGifts(epochs, reward_script, node);
  if (priced_height < closed.height + COINBASE_MATURITY) {
    found.push(fails('priced-early', `${unit} had its price at ${priced_height}, its reward was not mature`));
  }
  if (!block.coinbaseOutputs) {
    return [...found, unproven('block-pruned', `your node has pruned the block that closed ${unit}`)];
  }
  return [...found, ...checkCoinbase(first, block.coinbaseOutputs, claimed)];
}

function checkCoinbase(
  { unit, keyset, reward_script, closed }: ReportedEpoch,
  outputs: readonly TransactionOutput[],
  claimed: bigint,
): Finding[] {
  const [paid, own] = [totalOf(outputs), payingTo(outputs, reward_script ?? '')];
  if (own.length === 0) {
    return [fails('boundary-pays-others', `the block that closed ${unit} pays nothing to the pool's script`)];
  }
  if (claimed > paid || claimed < totalOf(own)) {
    const words = `the block that closed ${unit} pays ${paid} sats, ${totalOf(own)} of them to the pool's script, and its price was made of ${claimed}`;
    return [fails('wrong-coinbase', words)];
  }
  const found: Finding[] = [];
  if (claimed < paid) {
    const words = `the block that closed ${unit} pays ${paid - claimed} sats to others, of which no price was made: that they were no payouts of this mint can't be seen`;
    found.push(unproven('coinbase-pays-others', words));
  }
  const mark = keysetMark(fromHex(keyset));
  if (outputs.some(({ script }) => equalBytes(script, mark))) return found;
  const words = `block ${closed.hash}, which closed ${unit}, does not name its keyset: that the pool mined it can't be seen`;
  return [...found, unproven('boundary-unmarked', words)];
}

/** Whether these epochs were closed by what came over Lightning: no block did it, and the tip of then may have been left. */
function isOverLightning(epochs: readonly ReportedEpoch[]): boolean {
  return sumOf(epochs, LIGHTNING) > 0n;
}

async function checkGifts(
  epochs: readonly ReportedEpoch[],
  script: string,
  node: NodeSource,
): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const { unit, gifts } of epochs) {
    for (const { hash, sats } of gifts) {
      const block: ChainBlock | undefined = await node.block(hash);
      const outputs = block?.coinbaseOutputs;
      if (block && !outputs)
        found.push(unproven('block-pruned', `your node has pruned a gift to ${unit}, ${hash}`));
      if (block && (!outputs || (payingTo(outputs, script).length > 0 && totalOf(outputs) >= BigInt(sats))))
        continue;
      found.push(fails('wrong-gift', `${sats} sats for ${unit} are not in block ${hash}`));
    }
  }
  const listed = epochs.flatMap(({ gifts }) => gifts).reduce((sum, { sats }) => sum + BigInt(sats), 0n);
  const counted = sumOf(epochs, GIFTS);
  if (listed === counted) return found;
  const [{ unit } = { unit: '' }] = epochs;
  return [
    ...found,
    fails('wrong-gift', `${unit} counts ${counted} sats of gifts, its blocks come to ${listed}`),
  ];
}

function sumOf(epochs: readonly ReportedEpoch[], account: string): bigint {
  return epochs.reduce((sum, { sources }) => sum + BigInt(sources[account] ?? 0), 0n);
}

function payingTo(outputs: readonly TransactionOutput[], script: string): TransactionOutput[] {
  return outputs.filter((output) => toHex(output.script) === script);
}

function totalOf(outputs: readonly TransactionOutput[]): bigint {
  return outputs.reduce((sum, { value }) => sum + value, 0n);
}
