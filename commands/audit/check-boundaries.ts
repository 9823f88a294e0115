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

/** Holds what reports say of blocks against the chain of the auditor's own node. */
export async function checkBoundaries(reports: readonly Report[], node: NodeSource): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const { number, chain } of reports) {
    const block = await node.block(chain.hash);
    if (block?.height === chain.height) continue;
    found.push(
      fails('report-off-chain', `report ${number} was made at a block that the chain has not, ${chain.hash}`),
    );
  }
  const epochs = reports.flatMap(({ epochs }) => epochs);
  const rewards = Map.groupBy(epochs, ({ closed, pool_id }) => `${closed.hash} ${pool_id}`);
  for (const sharing of rewards.values()) found.push(...(await checkReward(sharing, node)));
  for (const epoch of epochs) found.push(...(await checkOpening(epoch, node)));
  if (found.some(({ verdict }) => verdict === 'fails')) return found;
  const words = `the blocks that opened and closed ${epochs.length} epochs are in the chain, and pay what their prices say`;
  return epochs.length === 0 ? found : [...found, holds('boundaries-in-chain', words)];
}

async function checkOpening({ unit, opened }: ReportedEpoch, node: NodeSource): Promise<Finding[]> {
  if (opened.hash === null) return [];
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
  const block = await node.block(closed.hash);
  if (block?.height !== closed.height) {
    return [
      fails('boundary-off-chain', `the block that closed ${unit} is not in the chain at ${closed.height}`),
    ];
  }
  const claimed = sumOf(epochs, COINBASE);
  if (claimed === 0n || reward_script === null) {
    return [
      unproven('reward-not-on-chain', `the reward of ${unit} did not come by a block of the pool's own`),
    ];
  }
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
  const paid = totalOf(outputs);
  if (payingTo(outputs, reward_script ?? '').length === 0) {
    return [fails('boundary-pays-others', `the block that closed ${unit} pays nothing to the pool's script`)];
  }
  if (paid !== claimed) {
    const words = `the block that closed ${unit} pays ${paid} sats, its price was made of ${claimed}`;
    return [fails('wrong-coinbase', words)];
  }
  const mark = keysetMark(fromHex(keyset));
  if (outputs.some(({ script }) => equalBytes(script, mark))) return [];
  const words = `block ${closed.hash}, which closed ${unit}, does not name its keyset: that the pool mined it can't be seen`;
  return [unproven('boundary-unmarked', words)];
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
