import {
  COINBASE_SCRIPT_LIMIT,
  type CoinbaseParts,
  coinbaseParts,
  coinbasePrefix,
} from '../../protocols/bitcoin/coinbase.ts';
import { encodeOutputs, type TransactionOutput } from '../../protocols/bitcoin/output.ts';
import { sigopCost } from '../../protocols/bitcoin/sigops.ts';
import { concatBytes, u32Le, utf8 } from '../../protocols/bytes.ts';
import { keysetMark } from '../../protocols/ehash/keyset-mark.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import type { TemplateMessage } from '../../protocols/sv2/template-distribution.ts';
import { OWN_COINBASE } from '../extranonce/layout.ts';
import { fittingPayouts, type PayoutRoom } from './payouts.ts';

export type NewTemplate = Extract<TemplateMessage, { name: 'NewTemplate' }>;

/** An output that gets its part of the reward. */
export interface WeightedScript {
  readonly script: Uint8Array;
  /** A positive integer. */
  readonly weight: number;
}

/** What the pool puts into each coinbase. */
export interface PoolCoinbase {
  /** Output script that gets all that the template leaves, but for the shares of others. */
  readonly rewardScript: Uint8Array;
  /** Of the reward, next to the weights of the others; 1 if left out. */
  readonly rewardWeight?: number;
  /** Who else is paid, in this order after the reward script. */
  readonly otherRewards?: readonly WeightedScript[];
  /** The pool's name on the chain. */
  readonly signature: string;
  /** Id of the keyset that the epoch's shares are paid in, 33 bytes. */
  readonly keysetId: Uint8Array;
}

/** Whom a job's coinbase pays besides, out of what the reward script would get. */
export interface JobPayouts {
  readonly outputs: readonly TransactionOutput[];
  /** That the job's template leaves for them. */
  readonly room: PayoutRoom;
}

const JOB_ID_BYTES = 4;

/** A template's prefix of the script, as long as its specification lets it be: BIP34's height, and what else is due. */
const MAX_TEMPLATE_PREFIX = 8;
/** The opcode before the tag, and the one before job id and extranonce. */
const PUSH_OPCODES = 2;
/** The longest names of pool and miner together that leave the script within consensus, whatever template comes. */
export const MAX_NAME_BYTES =
  COINBASE_SCRIPT_LIMIT -
  MAX_TEMPLATE_PREFIX -
  PUSH_OPCODES -
  coinbaseTag('', '').length -
  JOB_ID_BYTES -
  OWN_COINBASE.fullBytes;

/**
 * The stripped coinbase of one job. Its script ends in one push:
 *
 *     [ template's prefix ][ push "Sv2/<signature>/<miner's tag>/" ][ push: job id 4, full extranonce 20 ]
 *
 * The job id makes every job a search space of its own: a hash found for one can't be handed in for another
 * with a different target.
 * @throws HashpoolError 'coinbase-script-too-long' where the signature leaves no room, 'coinbase-sum' where outputs and
 *   template disagree, which no configuration can bring about
 */
export function poolCoinbaseParts(
  template: NewTemplate,
  pool: PoolCoinbase,
  jobId: number,
  payouts?: JobPayouts,
): CoinbaseParts {
  const { prefix, suffix } = coinbaseParts({
    ...scriptOf(template, pool, ''),
    sequence: template.coinbase_tx_input_sequence,
    outputs: poolOutputs(pool, template.coinbase_tx_value_remaining, payouts),
    templateOutputs: template.coinbase_tx_outputs,
    templateOutputsCount: template.coinbase_tx_outputs_count,
    locktime: template.coinbase_tx_locktime,
  });
  return { prefix: concatBytes(prefix, u32Le(jobId)), suffix };
}

/**
 * The same coinbase up to the extranonce, with a miner's tag; its suffix is that of {@link poolCoinbaseParts}.
 * @param minerTag printable ASCII without a slash
 * @throws HashpoolError 'coinbase-script-too-long' where signature and tag leave no room
 */
export function taggedCoinbasePrefix(
  template: NewTemplate,
  pool: PoolCoinbase,
  jobId: number,
  minerTag: string,
): Uint8Array {
  return concatBytes(coinbasePrefix(scriptOf(template, pool, minerTag)), u32Le(jobId));
}

function scriptOf(template: NewTemplate, pool: PoolCoinbase, minerTag: string) {
  return {
    version: template.coinbase_tx_version,
    scriptPrefix: template.coinbase_prefix,
    tag: coinbaseTag(pool.signature, minerTag),
    extranonceLength: JOB_ID_BYTES + OWN_COINBASE.fullBytes,
  };
}

/** The tag in the form of the reference pool: protocol, pool, miner. */
export function coinbaseTag(signature: string, minerTag: string): Uint8Array {
  return utf8(`Sv2/${signature}/${minerTag}/`);
}

/**
 * Room for the pool's outputs that `CoinbaseOutputConstraints` asks of a template provider.
 * @returns bytes, and sigops as the block limit counts them
 */
export function coinbaseConstraints(pool: PoolCoinbase): {
  maxAdditionalSize: number;
  maxAdditionalSigops: number;
} {
  return {
    maxAdditionalSize: encodeOutputs(poolOutputs(pool, 0n)).length,
    maxAdditionalSigops: rewardsOf(pool).reduce((sum, { script }) => sum + sigopCost(script), 0),
  };
}

function rewardsOf({ rewardScript, rewardWeight = 1, otherRewards = [] }: PoolCoinbase): WeightedScript[] {
  return [{ script: rewardScript, weight: rewardWeight }, ...otherRewards];
}

/**
 * Splits a value by weights, rounding down; the first part gets what the rounding leaves.
 * @param value satoshis
 * @param weights positive integers, one at least
 */
export function splitByWeight(value: bigint, weights: readonly number[]): bigint[] {
  const sum = weights.reduce((total, weight) => total + BigInt(weight), 0n);
  const parts = weights.map((weight) => (value * BigInt(weight)) / sum);
  const rest = parts.reduce((left, part) => left - part, value);
  return parts.map((part, i) => (i === 0 ? part + rest : part));
}

/** What the pool puts before the template's outputs: rewards, the keyset's mark, payouts. */
function poolOutputs(pool: PoolCoinbase, value: bigint, payouts?: JobPayouts): TransactionOutput[] {
  const rewards = rewardsOf(pool);
  const values = splitByWeight(
    value,
    rewards.map(({ weight }) => weight),
  );
  const paidOut = payouts ? fittingPayouts(payouts.outputs, payouts.room, values[0] ?? 0n) : [];
  const owed = paidOut.reduce((sum, output) => sum + output.value, 0n);
  const shares = rewards.map(({ script }, i) => ({
    value: (values[i] ?? 0n) - (i === 0 ? owed : 0n),
    script,
  }));
  const outputs = [...shares, { value: 0n, script: keysetMark(pool.keysetId) }, ...paidOut];
  const paid = outputs.reduce((sum, output) => sum + output.value, 0n);
  if (paid !== value || outputs.some((output) => output.value < 0n)) {
    throw new HashpoolError(
      'coinbase-sum',
      `the coinbase would pay ${paid} sat, the template leaves ${value}`,
    );
  }
  return outputs;
}
