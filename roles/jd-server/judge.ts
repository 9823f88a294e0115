import { customJobDigest } from '../../domain/job-declaration/custom-job.ts';
import { blockOf, type DeclaredBlock } from '../../domain/job-declaration/declared-block.ts';
import {
  type DeclaredCoinbase,
  readDeclaredCoinbase,
} from '../../domain/job-declaration/declared-coinbase.ts';
import type { KnownTransaction } from '../../domain/job-declaration/known-transactions.ts';
import { poolPayout } from '../../domain/job-declaration/payout.ts';
import { merklePath } from '../../protocols/bitcoin/merkle.ts';
import { encodeOutputs } from '../../protocols/bitcoin/output.ts';
import { heightOf } from '../../protocols/bitcoin/script.ts';
import { concatBytes } from '../../protocols/bytes.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import type { JobDeclarationMessage } from '../../protocols/sv2/job-declaration.ts';
import type { Tip } from './node-view.ts';

export type Declaration = Extract<JobDeclarationMessage, { name: 'DeclareMiningJob' }>;

/** A declared job that the node would take. */
export interface JudgedJob {
  readonly block: DeclaredBlock;
  /** 68 bytes, see {@link customJobDigest}. */
  readonly digest: Uint8Array;
  /** In the declaration's order, those that the client sent included. */
  readonly transactions: readonly KnownTransaction[];
}

export interface JudgeParts {
  readonly rewardScript: Uint8Array;
  /** The tip for a block of that height; undefined where the node's is another. */
  tipFor(height: number): Promise<Tip | undefined>;
  /** All transactions of a declaration, in its order, those that are not known asked for while the tip stands. */
  transactionsOf(declaration: Declaration, tip: Tip): Promise<readonly KnownTransaction[]>;
  /** The node's reason against a block on its tip; undefined where it has none. */
  propose(block: Uint8Array): Promise<string | undefined>;
}

/** The node's reasons (BIP22, bitcoind's validation) that are the coinbase's fault, or time's; all others are the job's. */
const CODES: Readonly<Record<string, string>> = {
  'inconclusive-not-best-prevblk': 'stale-chain-tip',
  // A miner's own node has taken these transactions: its chain is another one of the same height.
  'bad-txns-inputs-missingorspent': 'stale-chain-tip',
  'bad-txns-nonfinal': 'stale-chain-tip',
  'bad-cb-amount': 'invalid-coinbase-tx-outputs',
  'bad-cb-height': 'invalid-coinbase-tx',
  'bad-cb-length': 'invalid-coinbase-tx',
  'bad-witness-merkle-match': 'invalid-coinbase-tx',
  'bad-witness-nonce-size': 'invalid-coinbase-tx',
  'unexpected-witness': 'invalid-coinbase-tx',
};

/**
 * Judges a declared job: its coinbase pays the pool all that the block brings, and nothing else, and the node would take
 * the block.
 *
 * What the block brings need not be reckoned: the node takes a coinbase of that sum, and refuses one of a satoshi more.
 * @throws HashpoolError with a code of DeclareMiningJob.Error and words for its details
 */
export async function judgeDeclaration(declaration: Declaration, parts: JudgeParts): Promise<JudgedJob> {
  // Copies: the job is kept, and the frame with the ids of all its transactions need not be.
  const cut = {
    prefix: declaration.coinbase_tx_prefix.slice(),
    suffix: declaration.coinbase_tx_suffix.slice(),
  };
  const coinbase = readDeclaredCoinbase(cut);
  poolPayout(coinbase.outputs, parts.rewardScript);
  const height = heightOf(coinbase.scriptPrefix);
  if (height === undefined)
    throw new HashpoolError(
      'invalid-coinbase-tx',
      "the coinbase's script does not begin with its height (BIP34)",
    );
  const tip = await parts.tipFor(height);
  if (tip === undefined) throw staleTip(height);
  const transactions = await parts.transactionsOf(declaration, tip);
  const block: DeclaredBlock = {
    coinbase: cut,
    extranonceLength: coinbase.extranonceLength,
    transactions: transactions.map(({ data }) => data),
    merklePath: merklePath(transactions.map(({ txidLe }) => txidLe)),
    prevHashLe: tip.prevHashLe,
    bits: tip.bits,
    height,
    time: tip.time,
  };
  await judgeBlock(block, coinbase, { declaration, tip, parts });
  return { block, transactions, digest: customJobDigest(customJob(declaration, coinbase, block)) };
}

async function judgeBlock(
  block: DeclaredBlock,
  coinbase: DeclaredCoinbase,
  { declaration: { version }, tip, parts }: { declaration: Declaration; tip: Tip; parts: JudgeParts },
): Promise<void> {
  const blank = { extranonce: new Uint8Array(coinbase.extranonceLength), version, time: tip.time, nonce: 0 };
  const greedy = {
    ...block,
    coinbase: { ...block.coinbase, suffix: payingMore(block.coinbase.suffix, coinbase) },
  };
  const reason = await parts.propose(blockOf(greedy, blank).bytes);
  if (reason === undefined)
    throw new HashpoolError(
      'invalid-coinbase-tx-outputs',
      'the coinbase pays the pool less than subsidy and fees: pay it all that the template leaves',
    );
  if (reason !== 'bad-cb-amount') throw refusalOf(reason, block.height);
  const answer = await parts.propose(blockOf(block, blank).bytes);
  if (answer !== undefined) throw refusalOf(answer, block.height);
}

/** The suffix with one satoshi more in the first output that pays. */
function payingMore(suffix: Uint8Array, { outputs, outputBytes }: DeclaredCoinbase): Uint8Array {
  const paying = outputs.findIndex(({ value }) => value > 0n);
  const more = outputs.map((output, i) => (i === paying ? { ...output, value: output.value + 1n } : output));
  const bytes = encodeOutputs(more);
  const endOfOutputs = 4 + outputBytes.length;
  const count = outputBytes.subarray(0, outputBytes.length - bytes.length);
  return concatBytes(suffix.subarray(0, 4), count, bytes, suffix.subarray(endOfOutputs));
}

function refusalOf(reason: string, height: number): HashpoolError {
  const code = CODES[reason] ?? 'invalid-job';
  if (code === 'stale-chain-tip') return staleTip(height, ` (${reason})`);
  return new HashpoolError(code, `the node would not take this block: ${reason}`);
}

/** @param reason the node's, in parentheses and with a space before */
export function staleTip(height: number, reason = ''): HashpoolError {
  return new HashpoolError(
    'stale-chain-tip',
    `the node's tip is not the one below height ${height}${reason}: declare a job on the newest tip`,
  );
}

function customJob({ version }: Declaration, coinbase: DeclaredCoinbase, block: DeclaredBlock) {
  return {
    version,
    prevHashLe: block.prevHashLe,
    bits: block.bits,
    coinbaseVersion: coinbase.version,
    coinbasePrefix: coinbase.scriptPrefix,
    sequence: coinbase.sequence,
    outputs: coinbase.outputBytes,
    locktime: coinbase.locktime,
    merklePath: block.merklePath,
  };
}
