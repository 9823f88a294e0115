import { COINBASE_MATURITY } from '../../domain/epochs/redemption-window.ts';
import { type Finding, fails, holds, unproven } from '../../domain/reports/finding.ts';
import type { TransactionOutput } from '../../protocols/bitcoin/output.ts';
import { toHex } from '../../protocols/bytes.ts';
import type { Report, ReportedEpoch } from '../../protocols/ehash/report.ts';
import type { NodeSource } from './sources.ts';

/** Confirmations with which a reward has its price: it is mature, and every outbox has had a day of blocks to deliver. */
const PRICED_BY = COINBASE_MATURITY + 144;
/** Blocks that are named; of more it is said how many. */
const MOST_NAMED = 20;
/** How often it is said how far the reading has come. */
const SAY_EVERY = 1_000;

/** A block that pays a pool's script and is in no report. */
interface Unreported {
  readonly hash: string;
  readonly height: number;
  readonly script: string;
  readonly sats: bigint;
}

/** What the blocks of the chain have shown. */
interface Seen {
  /** Blocks that could be looked into. */
  read: number;
  /** Heights of those that the node has pruned. */
  readonly pruned: number[];
  readonly unreported: Unreported[];
}

/**
 * Looks through the chain, from the first epoch to the tip, for blocks that pay a pool's script and are in no report.
 * @param say is told now and then how far it has come
 */
export async function checkUnreported(
  reports: readonly Report[],
  node: Pick<NodeSource, 'tip' | 'blockAt'>,
  say: (words: string) => void = () => undefined,
): Promise<Finding[]> {
  const epochs = reports.flatMap((report) => report.epochs).filter((epoch) => epoch.reward_script !== null);
  if (epochs.length === 0) return [];
  const first = Math.min(...epochs.map(({ opened }) => opened.height)) + 1;
  const tip = await node.tip();
  const seen = await look(epochs, first, tip, node, say);
  const {
    fresh = [],
    hidden = [],
    old = [],
  } = Object.groupBy(seen.unreported, (block) => {
    if (epochs.some((epoch) => isWithin(epoch, block))) return 'hidden';
    return tip - block.height + 1 > PRICED_BY ? 'old' : 'fresh';
  });
  const found = [
    ...hidden.map((block) =>
      fails('reward-hidden', `${wordsOf(block)}, and no report has it: its epoch has a price without it`),
    ),
    ...prunedFinding(seen.pruned),
  ];
  if (old.length > 0) {
    const words = `${listOf(old)}: no report has them, after more than ${PRICED_BY} blocks. They may be gifts to an epoch that is still open`;
    found.push(unproven('reward-unreported', words));
  }
  if (found.length > 0) return found;
  const waiting = fresh.length === 0 ? '' : `; their price is to come for ${listOf(fresh)}`;
  const words = `of the ${seen.read} blocks from height ${first} to ${tip}, reports have all that pay a pool's script${waiting}`;
  return [holds('rewards-reported', words)];
}

async function look(
  epochs: readonly ReportedEpoch[],
  first: number,
  tip: number,
  node: Pick<NodeSource, 'blockAt'>,
  say: (words: string) => void,
): Promise<Seen> {
  const scripts = new Set(epochs.map(({ reward_script }) => reward_script));
  const reported = new Set(
    epochs.flatMap(({ opened, closed, gifts }) => [
      opened.hash,
      closed.hash,
      ...gifts.map(({ hash }) => hash),
    ]),
  );
  const seen: Seen = { read: 0, pruned: [], unreported: [] };
  for (let height = first; height <= tip; height++) {
    if ((height - first) % SAY_EVERY === SAY_EVERY - 1) say(`reading blocks: at height ${height} of ${tip}`);
    const block = await node.blockAt(height);
    // The chain has become shorter meanwhile.
    if (!block) break;
    const { hash, coinbaseOutputs } = block;
    if (!coinbaseOutputs) {
      seen.pruned.push(height);
      continue;
    }
    seen.read++;
    if (reported.has(hash)) continue;
    for (const [script, sats] of sumsByScript(coinbaseOutputs)) {
      if (sats > 0n && scripts.has(script)) seen.unreported.push({ hash, height, script, sats });
    }
  }
  return seen;
}

/** Between the blocks that opened and closed an epoch, a block that pays its script can only have given to it. */
function isWithin({ reward_script, opened, closed }: ReportedEpoch, { height, script }: Unreported): boolean {
  return reward_script === script && opened.height < height && height < closed.height;
}

function prunedFinding(heights: readonly number[]): Finding[] {
  const [lowest] = heights;
  if (lowest === undefined) return [];
  const words = `your node has pruned ${heights.length} blocks from height ${lowest} to ${heights.at(-1)}: whether they pay a pool's script can't be seen`;
  return [unproven('blocks-pruned', words)];
}

function sumsByScript(outputs: readonly TransactionOutput[]): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const { script, value } of outputs) sums.set(toHex(script), (sums.get(toHex(script)) ?? 0n) + value);
  return sums;
}

function listOf(blocks: readonly Unreported[]): string {
  const named = blocks.slice(0, MOST_NAMED).map(wordsOf).join(', ');
  const more = blocks.length - MOST_NAMED;
  return more > 0 ? `${named} and ${more} more` : named;
}

function wordsOf({ hash, height, sats }: Unreported): string {
  return `block ${height} (${hash}) pays ${sats} sats`;
}
